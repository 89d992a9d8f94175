/** How commands end: one status per kind of failure, documented in docs/cli.md, and one line that says why. */

import { ConfigurationError, OAuthManagerError } from '../core/errors.js';
import { KeyServiceOutage, KeyServiceRefusal } from '../keys/key-service.js';
import { SandboxNotInstalled } from '../sandbox/not-installed.js';
import { configurationExitCode } from '../service/config.js';

/** Exit statuses of the command. */
export const exitCodes = {
  done: 0,
  /** Something failed, or the doctor found something that does not work. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  configuration: configurationExitCode,
} as const;

/** A failure whose message is all that the operator needs to read. */
export class CommandFailed extends Error {}

/** Writes why to stderr and answers the exit status. Own errors hold no secret; of others only the kind is shown. */
export function reportFailure(error: unknown): number {
  if (error instanceof ConfigurationError) {
    console.error(error.message);
    return exitCodes.configuration;
  }
  console.error(describe(error));
  return exitCodes.failed;
}

/** Their messages are written for the operator. */
const ownErrors = [OAuthManagerError, CommandFailed, SandboxNotInstalled, KeyServiceRefusal, KeyServiceOutage];

function describe(error: unknown): string {
  if (ownErrors.some((own) => error instanceof own) && error instanceof Error) return error.message;
  if (!(error instanceof Error)) return 'Failed.';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'EADDRINUSE') return 'The port is in use: set PORT to another one.';
  // As the file system words it: "ENOENT: no such file or directory, open 'tokens.jsonl'".
  if (error.message.startsWith(`${code}: `)) return `Failed: ${error.message}`;
  return `Failed: ${code}\n${
    error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n') ?? ''
  }`;
}
