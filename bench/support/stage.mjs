/** For benches of several processes: scripts that report in lines, a Redis, a directory, a manager's options. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startRedis as startServer } from './redis-server.mjs';

const ending = [];

/** Ends everything that was started, the last first. */
export async function endAll() {
  for (const end of ending.splice(0).reverse()) await end();
}

/** Starts a script beside this file; `line()` is its next line, `say(text)` writes one to it. */
export function startScript(name, ...args) {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  ending.push(() => end(child));
  return { line: async () => (await lines.next()).value, say: (text) => child.stdin.write(`${text}\n`) };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A Redis with nothing on disk. */
export async function startRedis() {
  const { url, stop } = await startServer();
  ending.push(stop);
  return url;
}

/** A directory that is removed with the bench. */
export function makeDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'valetkey-bench-'));
  ending.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The counts of the endpoint of `refreshing-endpoint.mjs` so far: redemptions, reuses, and its CPU time in µs. */
export async function readCountsOf(origin) {
  return (await fetch(`${origin}/counts`)).json();
}

/** Options of a manager whose one provider, `strict`, is at that origin. */
export function managerAt(origin, place) {
  const strict = {
    display_name: 'Strict',
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    client_id: 'bench',
    client_secret: 'secret-of-the-bench',
    token_endpoint_auth_method: 'client_secret_post',
    scopes: [],
    refresh_reuse: 'strict',
    identity: { id: 'sub' },
  };
  return {
    baseUrl: 'http://127.0.0.1:9',
    encryptionKeys: `k1:${Buffer.alloc(32, 5).toString('base64')}`,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
    providers: { strict },
    ...place,
  };
}
