/** The service as a separate process, `valetkey serve`, on the store and provider of a test; it ends with its test. */

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { Bot } from './bot.js';
import { eventually, findFreePort, succeeds } from './redis.js';
import { type Place, secrets } from './service.js';

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** A process that serves. */
export interface ServiceProcess {
  readonly address: string;
  readonly port: number;
  readonly bot: Bot;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Memory in use, bytes (Linux). */
  memory(): Promise<number>;
}

/** Starts one with the provider `rotating`, and resolves when it is ready. */
export async function startService(place: Place, rotating: ProviderEntry): Promise<ServiceProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-served-'));
  const providersFile = join(directory, 'providers.json');
  await writeFile(providersFile, JSON.stringify({ providers: { rotating } }));
  const port = await findFreePort();
  const address = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [program, 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: String(port),
      BASE_URL: address,
      PROVIDERS_FILE: providersFile,
      ENCRYPTION_KEYS: secrets.encryptionKeys,
      API_KEYS: `journey:bot:${secrets.botKey}`,
      ALLOW_INSECURE_LOOPBACK_PROVIDERS: 'true',
      LOG_LEVEL: 'silent',
      ...place,
    },
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  });
  await eventually('the service is ready', () => isReady(address), 30_000);
  return {
    address,
    port,
    bot: new Bot(address, secrets.botKey),
    kill: (signal) => void child.kill(signal),
    ended,
    memory: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
  };
}

/** Whether the service reports that it is ready. */
export async function isReady(address: string): Promise<boolean> {
  return succeeds(
    fetch(`${address}/readyz`).then(({ ok }) => {
      if (!ok) throw new Error('not ready');
    }),
  );
}
