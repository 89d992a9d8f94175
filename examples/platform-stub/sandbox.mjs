/** The authorization servers of the sandbox, for examples that bring the service along inside their own process. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../terminal-chat/service.mjs';

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/**
 * Runs `valetkey sandbox` until `close`. `providers` go to `initOAuthManager`, `dataDir` is a folder that lives as long,
 * and `github` is the address of the GitHub that is emulated there.
 */
export async function startSandbox(baseUrl) {
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-example-'));
  const child = spawn(process.execPath, [program, 'sandbox', '--json'], {
    env: { PATH: process.env.PATH, BASE_URL: baseUrl, DATA_DIR: join(dataDir, 'sandbox') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const first = new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const line = await Promise.race([first, ended]);
  if (typeof line !== 'string') throw new Error('The sandbox did not start.');
  const { providers } = JSON.parse(line);
  return {
    providers,
    dataDir,
    github: new URL(providers.github.userinfo_endpoint).origin,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
