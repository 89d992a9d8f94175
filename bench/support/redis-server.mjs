/** The bench's own Redis on loopback: nothing on disk; ends with the bench. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Connects like the store itself: RESP2 was faster in every run, so the baseline uses it too. */
export const plainOptions = { protocol: 2, lazyConnect: true };

/** Starts redis-server (REDIS_SERVER_PATH, else from PATH); answers its URL and how to end it. */
export async function startRedis() {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-bench-'));
  const settings = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--bind', '127.0.0.1'];
  const args = ['--port', String(port), '--dir', directory, ...settings];
  const server = spawn(process.env.REDIS_SERVER_PATH ?? 'redis-server', args, { stdio: 'ignore' });
  const end = () => server.kill('SIGKILL');
  process.once('exit', end);
  // Otherwise a bench that is ended by a signal would leave its Redis running.
  process.once('SIGTERM', () => process.exit(143));
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { ...plainOptions, retryStrategy: () => 50 });
  client.on('error', () => {});
  await client.connect().catch(() => new Promise((resolve) => client.once('ready', resolve)));
  client.disconnect();
  return {
    url,
    stop: async () => {
      process.off('exit', end);
      const gone = new Promise((resolve) => server.once('exit', resolve));
      end();
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A plain client, connected. */
export async function connectPlain(url) {
  const client = new Redis(url, plainOptions);
  await client.connect();
  return client;
}

/** A loopback port that nobody listens on now. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
