/** The Redis engine on one server: the contract of all engines, and what is its own. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ownerKeyOf, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { eventually, type RedisProcess, sharedRedis, startRedis } from '../support/redis.js';
import { at, freshOwner } from './contract/fields.js';
import { engineContract, storeContract } from './contract.js';

const shared = await sharedRedis();
const world = `t-${randomUUID()}`;
const open = (options?: { keyPrefix?: string }) =>
  openRedisEngine({ url: shared.url, keyPrefix: `${world}:${options?.keyPrefix ?? 'x'}` });

afterAll(() => shared.stop());

engineContract('Redis', open);
storeContract('Redis', open);

const owner = ownerKeyOf({
  tenant: tenantIdSchema.parse('default'),
  userId: userIdSchema.parse('alice.canary@example.com'),
});

describe('what Redis sees', () => {
  let server: RedisProcess;
  let engine: StorageEngine;
  let seen: string[];
  let monitor: Redis;

  beforeAll(async () => {
    server = await startRedis();
    engine = await openRedisEngine({ url: server.url, keyPrefix: 'valetkey' });
    // Waits for the first look at the master, which would put back what is written before it.
    await engine.claimField(owner, { field: 'none', holder: 'h', version: 1, leaseMs: 1, note: Buffer.from('n') });
    monitor = await new Redis(server.url, { protocol: 2 }).monitor();
    seen = [];
    monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
      seen.push(`${source === 'lua' ? 'within a script: ' : ''}${args.join(' ')}`);
    });
  });
  beforeEach(async () => {
    await server.command('FLUSHALL');
    const next = { version: 1, bytes: Buffer.from('sealed') };
    await engine.writeFields(owner, [{ field: 'c', expect: 'absent', next }]);
    await engine.readOwner(owner);
  });
  afterAll(async () => {
    monitor.disconnect();
    await engine.close();
    await server.stop();
  });

  it('is one command per call of an owner, after the first that brings the script', async () => {
    // The watch of the master asks INFO on its own clock, in between or after.
    const asked = () =>
      seen
        .filter((line) => !line.startsWith('within a script'))
        .map((line) => line.split(' ')[0]?.toUpperCase())
        .filter((name) => name !== 'INFO');
    const marker = async () => {
      await engine.now();
      await eventually('the monitor has seen all', () => asked().at(-1) === 'TIME');
    };
    await marker();
    seen.length = 0;
    await engine.readOwner(owner);
    await engine.readField(owner, 'c');
    await engine.writeFields(owner, [{ field: 'c', expect: 1, next: { version: 2, bytes: Buffer.from('b') } }]);
    await engine.mark(owner, 'c', 1);
    await engine.mark(owner, 'c', 2);
    await marker();
    expect(asked()).toEqual(['EVALSHA', 'GET', 'EVALSHA', 'EVALSHA', 'EVAL', 'EVALSHA', 'TIME']);
  });

  it('has no user id in clear, in no command and no key (threats S8)', async () => {
    await engine.mark(owner, 'c', 1);
    await engine.claimField(owner, { field: 'c', holder: 'h', version: 1, leaseMs: 1000, note: Buffer.from('n') });
    const keys = await server.command('KEYS', '*');
    expect(keys).toHaveLength(4);
    expect(`${keys}${seen.join()}`).toContain(owner);
    expect(`${keys}${seen.join()}`).not.toContain('canary');
  });

  it('is one slot for all keys of one owner, in every prefix that is allowed', async () => {
    await engine.mark(owner, 'c', 1);
    const keys = await server.command('KEYS', '*');
    // The tag is what stands between the first brace and the first closing one (Redis Cluster specification).
    const tags = Array.isArray(keys) ? keys.map((key) => /\{(.*?)\}/.exec(String(key))?.[1]) : [];
    expect(tags).toEqual([owner, owner]);
    await expect(openRedisEngine({ url: server.url, keyPrefix: 'a{b}' })).rejects.toThrow(/KEY_PREFIX/);
  });

  it('keeps a lease whose holder died for ten minutes at most, whatever becomes of its field', async () => {
    const held = freshOwner();
    const change = { field: 'c/github', expect: 'absent' as const, next: at(1, 'a') };
    await engine.writeFields(held, [change]);
    const claim = { field: 'c/github', holder: 'gone', version: 1, leaseMs: 6_000, note: Buffer.from('note') };
    const leases = `valetkey:{${held}}:l`;
    await engine.claimField(held, claim);
    const claimed = await server.command('PTTL', leases);
    await server.command('PEXPIRE', leases, '60000');
    expect(await engine.renewClaim(held, claim, 6_000)).toBe(true);
    const renewed = await server.command('PTTL', leases);
    for (const left of [claimed, renewed]) expect(Number(left)).toBeGreaterThan(590_000);
  });

  it('may forget the scripts at any time (NOSCRIPT)', async () => {
    await engine.readOwner(owner);
    await server.command('SCRIPT', 'FLUSH');
    expect((await engine.readOwner(owner)).fields.size).toBe(1);
  });

  it('goes on with a log as earlier versions wrote it, and when the clock of Redis is behind', async () => {
    const keep = { keepMs: 3_600_000, keepMost: 1_000 };
    const ahead = Date.now() + 600_000;
    for (const id of ['*', `${ahead}-0`]) await server.command('XADD', 'valetkey:log:old', id, 'b', 'earlier');
    expect(await engine.append('old', Buffer.from('a b'), { ...keep, holds: 2 })).toBe(`${ahead}-2`);
    expect(await engine.append('old', Buffer.from('c'), keep)).toBe(`${ahead}-3`);
    const read = await engine.readLog('old', undefined, 10);
    expect(read.map(({ bytes }) => bytes.toString())).toEqual(['earlier', 'earlier', 'a b', 'c']);
  });

  it('is one light poll for all who wait for a log in this process, and none when nobody waits', async () => {
    const writer = await openRedisEngine({ url: server.url, keyPrefix: 'valetkey' });
    const polls = async () =>
      Number(/cmdstat_xrevrange:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1]);
    const before = await engine.newestId('log');
    const atFirst = await polls();
    const signals = Array.from({ length: 500 }, () => AbortSignal.timeout(10_000));
    const waiting = signals.map((signal) => engine.waitLog('log', before, signal));
    await eventually('it was polled thrice', async () => (await polls()) >= atFirst + 3);
    expect(await polls()).toBeLessThan(atFirst + 10);
    await writer.append('log', Buffer.from('b'), { keepMs: 60_000, keepMost: 10 });
    await Promise.all(waiting);
    expect(signals.some((signal) => signal.aborted)).toBe(false);
    const atLast = await polls();
    await sleep(450);
    expect(await polls()).toBeLessThanOrEqual(atLast + 1);
    await writer.close();
  });
});
