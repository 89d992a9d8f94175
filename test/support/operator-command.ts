/** `valetkey` as an operator runs it beside the service: a separate process, on the store of a test. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Place, secrets } from './service.js';

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const killing = new URL('./killed-at-work.mjs', import.meta.url).href;

/** How a command ended; `json` is what `--json` printed. */
export interface CommandEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly json: () => unknown;
  readonly err: string;
}

/** Options of a command's process. */
export interface CommandOptions {
  /** Further variables, ENCRYPTION_KEYS among them. */
  readonly variables?: Place;
  /** Killed with -9 in the middle of its records, after the twentieth. */
  readonly killed?: boolean;
}

/** Runs one command line; arguments must not contain spaces. */
export function runOperatorCommand(line: string, place: Place, options: CommandOptions = {}): Promise<CommandEnd> {
  const env = {
    PATH: process.env.PATH,
    BASE_URL: 'http://localhost:3999',
    ENCRYPTION_KEYS: secrets.encryptionKeys,
    API_KEYS: `journey:bot:${secrets.botKey}`,
    LOG_LEVEL: 'silent',
    ...place,
    ...options.variables,
  };
  const preload = options.killed ? ['--import', killing] : [];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...preload, program, ...line.split(' ')], { env }, (_error, out, err) =>
      resolve({
        code: child.exitCode ?? undefined,
        signal: child.signalCode ?? undefined,
        json: () => JSON.parse(out),
        err,
      }),
    );
  });
}
