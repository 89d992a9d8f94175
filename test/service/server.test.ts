import { createHash } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildApp } from '../../src/service/app.js';
import { loadConfig } from '../../src/service/config.js';
import { keepEarlySignal, takeEarlySignal } from '../../src/service/early-signal.js';
import { createEncryptionKey } from '../../src/service/generated-keys.js';
import { createLogger } from '../../src/service/logger.js';
import { closeOnSignal, listen } from '../../src/service/server.js';
import { findFreePort, makeDataDir, type Running, readCode, startRunning } from './running.js';

const silent = createLogger('silent');
const closing: (() => Promise<void> | void)[] = [];
let dataDir: string;

beforeEach(() => {
  const made = makeDataDir();
  dataDir = made.path;
  closing.push(() => made.remove());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options?: Parameters<typeof startRunning>[1]): Promise<Running> {
  const running = await startRunning(dataDir, options);
  closing.push(() => running.close());
  return running;
}

async function connect(running: Running, provider: string, person: string): Promise<void> {
  const asked = await running.call('GET', `/v1/users/u1/tokens/${provider}`);
  expect(asked).toMatchObject({ status: 409, body: { code: 'not_connected' } });
  const code = readCode(await running.walk(String(asked.body.connect_url), person));
  expect(await running.call('POST', '/v1/users/u1/proof', { code })).toMatchObject({ status: 200 });
}

describe('the service over its sandbox', () => {
  it.each([
    ['github', 'ada'],
    ['google', 'ada@example.com'],
    ['microsoft', 'ada@example.com'],
    ['sandbox', 'ada'],
  ])('goes from 409 to a token of %s once the person has consented and typed the code', async (provider, person) => {
    const running = await start();
    await connect(running, provider, person);
    const { status, body } = await running.call('GET', `/v1/users/u1/tokens/${provider}`);
    expect(status).toBe(200);
    expect(body.access_token).toEqual(expect.any(String));
    expect(body.account).toMatchObject({ id: expect.any(String), name: expect.stringMatching(/ada/i) });
  });

  it('refreshes a token of the strict server after both were restarted', async () => {
    const before = await start();
    await connect(before, 'sandbox', 'ada');
    const first = await before.call('GET', '/v1/users/u1/tokens/sandbox');
    await before.close();
    const after = await start();
    const rejected = createHash('sha256').update(String(first.body.access_token)).digest('hex');
    const second = await after.call('POST', '/v1/users/u1/tokens/sandbox/refresh', { rejected_token_sha256: rejected });
    expect(second.status).toBe(200);
    expect(second.body.access_token).not.toBe(first.body.access_token);
  });

  it('writes no link, code, state or token into its log, and no URL at all (S7)', async () => {
    const lines: string[] = [];
    const running = await start({ log: { write: (line) => void lines.push(line) } });
    const asked = await running.call('GET', '/v1/users/u1/tokens/github');
    const url = new URL(String(asked.body.connect_url));
    const code = readCode(await running.walk(url.href, 'ada'));
    await running.call('POST', '/v1/users/u1/proof', { code });
    const { body } = await running.call('GET', '/v1/users/u1/tokens/github');
    const log = lines.join('');
    expect(log).toContain('"route":"/oauth/:provider/callback"');
    const secrets = [url.searchParams.get('link'), code, body.access_token, '?link=', 'code=', 'state='];
    for (const secret of secrets) expect(log).not.toContain(String(secret));
  });
});

describe('a service', () => {
  it('under a path prefix answers with and without it: proxies differ in whether they take it away', async () => {
    const { app } = await start({ variables: { BASE_URL: 'http://localhost:3999/keys' } });
    expect((await app.inject('/keys/healthz')).statusCode).toBe(200);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    expect((await app.inject('/keysx/healthz')).statusCode).toBe(404);
  });

  it('leads a person who opens its bare address to the account page', async () => {
    const { app } = await start({ variables: { BASE_URL: 'http://localhost:3999/keys' } });
    const person = await app.inject({ url: '/', headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([person.statusCode, person.headers.location]).toEqual([303, 'http://localhost:3999/keys/connections']);
    expect((await app.inject('/')).statusCode).toBe(404);
  });

  it('counts answers by route pattern, and never by user', async () => {
    const running = await start();
    await running.call('GET', '/v1/users/somebody/connections');
    const { body } = await running.app.inject('/metrics');
    expect(body).toContain('route="/v1/users/:user/connections",status="200"');
    expect(body).not.toContain('somebody');
    expect(body).toContain('valetkey_store_up 1');
  });

  it('is alive but not ready while its Redis is down (F1)', async () => {
    const url = `redis://127.0.0.1:${await findFreePort()}`;
    const config = loadConfig({ REDIS_URL: url, ENCRYPTION_KEYS: createEncryptionKey() });
    const lines: string[] = [];
    const service = await buildApp(config, { log: createLogger('info', { write: (line) => void lines.push(line) }) });
    closing.push(() => service.close());
    expect((await service.app.inject('/healthz')).statusCode).toBe(200);
    expect((await service.app.inject('/readyz')).statusCode).toBe(503);
    const reasons = lines.filter((line) => line.includes('"not ready"')).map((line) => JSON.parse(line).problem);
    expect(reasons).toEqual(['The store is unavailable: Redis cannot be reached (ECONNREFUSED).']);
    expect((await service.app.inject('/metrics')).body).toContain('valetkey_store_up 0');
  });

  it('closes in time although clients poll and hold connections open (F12)', async () => {
    const running = await start();
    const port = await findFreePort();
    const server = await listen(running, { host: '127.0.0.1', port });
    const { body } = await running.call('POST', '/v1/users/u1/connect/github', {});
    const poll = fetch(`${server.address}/v1/connects/${body.connect_id}?wait=30`, {
      headers: { authorization: `Bearer ${running.config.apiKeys[0]?.secret.reveal()}` },
    });
    const idle = await open(port);
    const begun = performance.now();
    const closed = server.close();
    expect((await poll).status).toBe(200);
    await closed;
    expect(performance.now() - begun).toBeLessThan(9_000);
    idle.destroy();
    await expect(fetch(`${server.address}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('lets go of the store when its port is taken', async () => {
    const first = await start();
    const port = await findFreePort();
    closing.push((await listen(first, { host: '127.0.0.1', port })).close);
    const second = await buildApp(first.config, { log: silent });
    await expect(listen(second, { host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(second.manager.checkStore()).rejects.toMatchObject({ code: 'manager_lifecycle' });
  });
});

describe('a signal', () => {
  const never = () => new Promise<void>(() => undefined);
  it.each([
    ['closes, with status 0', async () => undefined, 1, 0],
    ['that comes again ends the wait, with status 1', never, 2, 1],
    ['ends the wait after the deadline, with status 1', never, 1, 1],
    ['ends with status 1 when closing fails', () => Promise.reject(new Error('stuck')), 1, 1],
  ])('%s (F12)', async (_, close, signals, status) => {
    const before = process.listenerCount('SIGTERM');
    const ended = closeOnSignal(close, signals === 2 ? 60_000 : 50);
    for (let sent = 0; sent < signals; sent += 1) process.emit('SIGTERM');
    expect(await ended).toBe(status);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

describe('a signal while the program loads', () => {
  const before = process.listenerCount('SIGTERM');
  afterEach(() => {
    takeEarlySignal();
    expect(process.listenerCount('SIGTERM')).toBe(before);
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const exiting = () => vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);

  it('closes what has begun by then, with status 0; the next one ends the wait', async () => {
    keepEarlySignal();
    process.emit('SIGTERM');
    expect(await closeOnSignal(async () => undefined, 50)).toBe(0);
    keepEarlySignal();
    process.emit('SIGTERM');
    const ended = closeOnSignal(() => new Promise(() => undefined), 60_000);
    process.emit('SIGINT');
    expect(await ended).toBe(1);
  });

  it('ends the process with status 1 when nobody can close anything within five seconds', () => {
    vi.useFakeTimers();
    const exit = exiting();
    keepEarlySignal();
    process.emit('SIGTERM');
    vi.advanceTimersByTime(4_999);
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('ends it at once when it comes again', () => {
    const exit = exiting();
    keepEarlySignal();
    process.emit('SIGTERM');
    process.emit('SIGINT');
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });
});

function open(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(socket));
    // The server may reset it, which is what the test is about.
    socket.on('error', () => socket.destroy());
  });
}
