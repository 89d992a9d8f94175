/** A store that refuses, hangs or loses its answer, before and after a refresh token was spent (R7, R8, R10, R22, F13). */

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Keyring } from '../../src/store/sealing.js';
import { openSpool } from '../../src/store/spool.js';
import { keyEntry } from '../store/samples.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually, type RedisProcess } from '../support/redis.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import {
  ask,
  type Bench,
  connect,
  makeDirectory,
  openBench,
  openNode,
  openNodes,
  openProvider,
  openRedis,
  type Place,
} from './stage.js';
import { strength } from './strength.js';

const hourMs = 3_600_000;
const endedMs = -10_000;

/** How a Redis is made to refuse every write, and how it is mended. */
const refusals: readonly [
  name: string,
  refuse: (redis: RedisProcess) => Promise<unknown>,
  mend: (redis: RedisProcess) => Promise<unknown>,
][] = [
  [
    'OOM',
    (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '1mb'),
    (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  ],
  [
    'READONLY',
    (redis) => redis.command('REPLICAOF', '127.0.0.1', '1'),
    (redis) => redis.command('REPLICAOF', 'NO', 'ONE'),
  ],
  [
    'NOREPLICAS',
    (redis) => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    (redis) => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  ],
  [
    'MISCONF',
    async (redis) => {
      await redis.removeDirectory();
      await redis.command('BGSAVE');
      const persistence = async () => String(await redis.command('INFO', 'persistence'));
      await eventually('saving has failed', async () => (await persistence()).includes('bgsave_status:err'));
    },
    (redis) => redis.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no'),
  ],
];

async function keysOf(redis: RedisProcess, pattern: string): Promise<readonly string[]> {
  const keys = await redis.command('KEYS', pattern);
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** Asks all the time until it is told to stop. */
function keepAsking(bench: Bench, user: string): { stop(): Promise<void> } {
  let running = true;
  const asking = (async () => {
    while (running) {
      await ask(bench, user);
      await sleep(20);
    }
  })();
  return {
    stop: () => {
      running = false;
      return asking;
    },
  };
}

describe.each(refusals)('a Redis that refuses writes with %s', (_name, refuse, mend) => {
  const openSaving = () => openRedis('--save', '3600 1');

  it('R7: after the rotation: the new tokens are held, stored when it lets us, and nobody sends the old one again', async () => {
    const redis = await openSaving();
    const place: Place = { redisUrl: redis.url, keyPrefix: 'r7' };
    const provider = await openProvider();
    const bench = await openBench(place, provider);
    const other = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const open = provider.hold();
    const waiting = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    // As after a long outage: the lease has run out, and to the other process the answer is overdue.
    for (const key of await keysOf(redis, 'r7:{*}:l')) await redis.command('DEL', key);
    other.clock.advance(20_000);
    await refuse(redis);
    open();
    const impatient = keepAsking(other, 'u');
    await sleep(strength.refusedMs);
    await mend(redis);
    expect(provider.honours(await waiting)).toBe(true);
    await impatient.stop();
    expect(await ask(other, 'u')).toBe(await waiting);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 60_000);

  it('R8: before: the provider is not called, and the live token is served', async () => {
    const redis = await openSaving();
    const provider = await openProvider();
    const bench = await openBench({ redisUrl: redis.url, keyPrefix: 'r8' }, provider);
    const { accessToken } = await connect(bench, provider, { user: 'u', leftMs: hourMs });
    bench.clock.advance(hourMs - 200_000);
    await refuse(redis);
    expect(await ask(bench, 'u')).toBe(accessToken);
    bench.clock.advance(300_000);
    expect(await ask(bench, 'u')).toBe('store_unavailable');
    expect(provider.seen.redemptions).toBe(0);
    await mend(redis);
    await eventually('it refreshes again', async () => provider.honours(await ask(bench, 'u')));
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 30_000);
});

it('F5: for want of memory nobody is kept from disconnecting one of several accounts, or from being erased', async () => {
  const redis = await openRedis();
  const provider = await openProvider();
  const { manager } = await openBench({ redisUrl: redis.url, keyPrefix: 'f5' }, provider);
  const token = { provider: 'rotating', accessToken: 'a', refreshToken: 'r' };
  for (const account of ['work', 'home', 'club']) await manager.storeToken('u', { ...token, account });
  await redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
  await expect(manager.storeToken('u', { ...token, account: 'more' })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  await manager.deleteToken('u', 'rotating', { account: 'home' });
  const accounts = (await manager.listUserConnections('u')).map(({ account }) => account);
  expect([...accounts].sort()).toEqual(['club', 'work']);
  await manager.eraseUser('u');
  expect(await manager.listUserConnections('u')).toEqual([]);
}, 30_000);

it('R10: a commit whose reply is lost is read back: stored once, and the refresh token sent once', async () => {
  const redis = await openRedis();
  const proxy = await startTcpFaultProxy(redis.port);
  const provider = await openProvider();
  const keyPrefix = 'r10';
  const bench = await openBench({ redisUrl: redis.url, keyPrefix }, provider);
  await connect(bench, provider, { user: 'u', leftMs: endedMs });
  const [node] = await openNodes({ redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix }, provider, 1);
  const open = provider.hold();
  const renewing = node?.ask('token', { user: 'u' });
  await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
  proxy.setMode('cut-replies');
  open();
  const storedUntil = async () => (await bench.manager.listUserConnections('u'))[0]?.expiresAt ?? 0;
  await eventually('it is stored', async () => (await storedUntil()) > bench.clock.now());
  proxy.setMode('pass');
  expect((await renewing)?.token).toBe(await ask(bench, 'u'));
  expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  await proxy.close();
}, 30_000);

it('R22: a record has no end of its own: it outlives its access token as long as its grant may', async () => {
  const redis = await openRedis();
  const provider = await openProvider();
  const bench = await openBench({ redisUrl: redis.url, keyPrefix: 'r22' }, provider);
  await connect(bench, provider, { user: 'u', leftMs: endedMs });
  await ask(bench, 'u');
  const keys = await keysOf(redis, 'r22:{*}');
  expect(keys).toHaveLength(1);
  for (const key of keys) expect(await redis.command('PTTL', key)).toBe(-1);
});

describe('the spool', () => {
  /** A process with an answer that Redis does not take. */
  async function holdAnAnswer(spoolDir: string, under: readonly string[] = []) {
    const redis = await openRedis();
    const place: Place = { redisUrl: redis.url, keyPrefix: 'spool', spoolDir };
    const provider = await openProvider();
    const bench = await openBench({ redisUrl: redis.url, keyPrefix: 'spool' }, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const node = await openNode({ options: managerOn(place, provider.entry), under });
    const open = provider.hold();
    const renewing = node.ask('token', { user: 'u' });
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    open();
    const mend = () => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    return { redis, place, provider, bench, node, renewing, mend };
  }

  it('R7: keeps the answer beyond kill -9, sealed and for its user alone; the next start stores it', async () => {
    const spoolDir = join(await makeDirectory(), 'spool');
    const { place, provider, bench, node, mend } = await holdAnAnswer(spoolDir);
    const commits = () => readdirSync(spoolDir).filter((name) => name.endsWith('.commit'));
    await eventually(
      'it is spooled',
      () => statSync(spoolDir, { throwIfNoEntry: false }) !== undefined && commits().length === 1,
    );
    expect(statSync(spoolDir).mode & 0o777).toBe(0o700);
    expect(commits().map((name) => statSync(join(spoolDir, name)).mode & 0o777)).toEqual([0o600]);
    await node.kill9();
    await mend();
    const next = await openNode({ options: managerOn(place, provider.entry) });
    const token = (await next.ask('token', { user: 'u' })).token ?? '';
    expect(provider.honours(token)).toBe(true);
    expect(await ask(bench, 'u')).toBe(token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
    expect(commits()).toEqual([]);
  }, 30_000);

  it('F13: on a full disk leaves the copy in memory, says so, and leaves no half file', async () => {
    const spoolDir = await makeDirectory();
    // Files of this process may not grow beyond so many bytes, as on a disk without room.
    const { provider, node, renewing, mend } = await holdAnAnswer(spoolDir, ['prlimit', '--fsize=100']);
    const said = async () => (await node.ask('log')).logged?.map(({ message }) => message);
    const held = 'a refreshed token set could not be spooled; it is held in memory';
    await eventually('it says so', async () => (await said())?.includes(held) === true);
    await mend();
    expect(provider.honours((await renewing).token ?? '')).toBe(true);
    // Not before: each try to store it tries the spool again, by a file that is there for a moment.
    expect(readdirSync(spoolDir)).toEqual([]);
  }, 30_000);

  it('leaves what it cannot read where it is, and says so', async () => {
    const spoolDir = await makeDirectory();
    mkdirSync(spoolDir, { recursive: true });
    writeFileSync(join(spoolDir, 'broken.commit'), 'not ours');
    const provider = await openProvider();
    const bench = await openBench({ dataDir: await makeDirectory(), spoolDir }, provider);
    const message = 'a spooled commit cannot be read; it was left as it is';
    expect(bench.log).toContainEqual({ level: 'error', message });
    const told: object[] = [];
    const spool = await openSpool(spoolDir, Keyring.parse(keyEntry('k1')), {
      error: (fields) => void told.push(fields),
    });
    expect(await spool.list()).toEqual([]);
    expect(told).toEqual([{ file: 'broken.commit', code: 'stored_token_unreadable' }]);
    expect(readdirSync(spoolDir)).toEqual(['broken.commit']);
  });
});
