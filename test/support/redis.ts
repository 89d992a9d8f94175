/** Starts real Redis servers for tests; all end with the test process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { endWithThisProcess } from './reaper.js';

/** One Redis server with its own loopback port and directory. */
export interface RedisProcess {
  readonly url: string;
  readonly port: number;
  /** Id of the current process; `restart` changes it. */
  readonly pid: number;
  /** SIGTERM, then waits for the end. Keeps the directory for `restart`. */
  end(): Promise<void>;
  /** `kill -9`, then waits for the end. */
  kill9(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** Starts again with the same port and directory, and with `args` added; waits for an answer by default. */
  restart(options?: { readonly args?: readonly string[]; readonly waitForAnswer?: boolean }): Promise<void>;
  /** Removes its directory while it runs, so that it cannot write to disk any more. */
  removeDirectory(): Promise<void>;
  /** Ends it for good and removes the directory. */
  stop(): Promise<void>;
  /** Runs one command on a new connection and answers the reply. */
  command(...words: readonly (string | number)[]): Promise<unknown>;
}

/** Several servers that are one store. */
export interface RedisTopology {
  /** For `openRedisEngine`. */
  readonly url: string;
  /** In a Cluster: three masters, then their replicas in the same order. Behind Sentinels: the master, then replicas. */
  readonly nodes: readonly RedisProcess[];
  stop(): Promise<void>;
}

/** Settings of servers of ordinary tests: nothing on disk, no eviction. */
const ordinary = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];

/** Path of the server program: REDIS_SERVER_PATH, else redis-server or valkey-server on PATH. */
export function findRedisServer(): string {
  if (process.env.REDIS_SERVER_PATH) return process.env.REDIS_SERVER_PATH;
  const places = (process.env.PATH ?? '').split(delimiter);
  for (const name of ['redis-server', 'valkey-server']) {
    const found = places.map((place) => join(place, name)).find(isExecutable);
    if (found) return found;
  }
  throw new Error('There is no redis-server and no valkey-server on PATH: install one or set REDIS_SERVER_PATH.');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A loopback port that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('no port was given');
  return address.port;
}

/**
 * The Redis that ordinary tests share: TEST_REDIS_URL (set by the test command's global setup), else a new one for this
 * test file. Every test uses its own key prefix.
 */
export async function sharedRedis(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const url = process.env.TEST_REDIS_URL;
  return url ? { url, stop: async () => {} } : startRedis();
}

/** How a server is started. */
interface RedisOptions {
  /** Appended to the command line, so they override the ordinary ones. A function is called for each try, for free ports. */
  readonly args?: readonly string[] | (() => Promise<readonly string[]>);
  readonly config?: string;
  readonly password?: string;
}

/** How many ports are tried: one that was free may be taken a moment later. */
const mostPorts = 5;

/** Starts one server. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (tries === mostPorts) throw error;
    }
  }
}

async function startOnce(options: RedisOptions): Promise<RedisProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'valetkey-redis-'));
  const port = await findFreePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...(options.config ? [] : ordinary)];
  if (options.config) await writeFile(join(dir, 'server.conf'), options.config);
  if (options.password) args.push('--requirepass', options.password);
  args.push(...(typeof options.args === 'function' ? await options.args() : (options.args ?? [])));
  // Sentinel rewrites its configuration file, so it must be given one.
  const line = options.config ? [join(dir, 'server.conf'), ...args] : args;
  const current = { child: await launch({ line, port, dir }) };
  return describeProcess({ current, line, port, dir, password: options.password });
}

/** How one server is started. */
interface CommandLine {
  readonly line: readonly string[];
  readonly port: number;
  readonly dir: string;
}

function describeProcess(
  started: CommandLine & { readonly current: { child: ChildProcess }; readonly password: string | undefined },
): RedisProcess {
  const { current, line, port, dir, password } = started;
  const auth = password ? `:${encodeURIComponent(password)}@` : '';
  const url = `redis://${auth}127.0.0.1:${port}`;
  return {
    url,
    port,
    get pid() {
      return pidOf(current.child);
    },
    end: () => endWith(current.child, 'SIGTERM'),
    kill9: () => endWith(current.child, 'SIGKILL'),
    pause: () => process.kill(pidOf(current.child), 'SIGSTOP'),
    resume: () => process.kill(pidOf(current.child), 'SIGCONT'),
    restart: async ({ args = [], waitForAnswer = true } = {}) => {
      current.child = await launch({ line: [...line, ...args], port, dir }, waitForAnswer);
    },
    removeDirectory: () => rm(dir, { recursive: true, force: true }),
    stop: async () => {
      await endWith(current.child, 'SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
    command: (...words) => runCommand(url, words),
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the server did not start');
  return child.pid;
}

async function launch({ line, port, dir }: CommandLine, waitForAnswer = true): Promise<ChildProcess> {
  const child = spawn(findRedisServer(), line, { stdio: 'ignore' });
  let ended: string | undefined;
  endWithThisProcess(child, dir);
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code) => {
    ended ??= `it ended with code ${code}`;
  });
  if (!waitForAnswer) return child;
  await eventually('redis-server answers', async () => {
    if (ended) throw new Error(`redis-server did not start: ${ended}`);
    return answers(port);
  });
  return child;
}

async function endWith(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  // A paused process handles SIGTERM only after SIGCONT.
  child.kill('SIGCONT');
  await ended;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(500, () => socket.destroy());
    socket.once('data', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

async function runCommand(url: string, words: readonly (string | number)[]): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, enableReadyCheck: false, protocol: 2 });
  client.on('error', () => {});
  try {
    await client.connect();
    const [name = 'PING', ...args] = words;
    return await client.call(String(name), args);
  } finally {
    client.disconnect();
  }
}

/** Checks every 25 ms until the answer is true; after `withinMs` throws an error with the expectation. */
export async function eventually(
  expectation: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 15_000,
): Promise<void> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(25)) {
    if (await holds()) return;
  }
  throw new Error(`Not within ${withinMs} ms: ${expectation}.`);
}

/** Whether a call succeeds; for `eventually`. */
export function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  );
}
