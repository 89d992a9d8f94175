/** The Redis engine on a Cluster and behind Sentinels: the contract of all engines, and life through failovers (threats F4). */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { type OwnerKey, ownerKeyOf, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import type { KnownField, StorageEngine } from '../../src/store/engine.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { eventually, type RedisProcess, type RedisTopology, succeeds } from '../support/redis.js';
import { areInStep, startCluster, startSentinel } from '../support/redis-topologies.js';
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { engineContract, storeContract } from './contract.js';
import { asFound } from './samples.js';

// They take seconds to find each other: meanwhile the contract runs.
const starting = {
  killed: startSentinel(),
  frozen: startSentinel(),
  cluster: startCluster({ replicas: true }),
};
const small = await startCluster({ replicas: false });
const world = randomUUID();
const openSmall = (options?: { keyPrefix?: string }) =>
  openRedisEngine({ url: small.url, keyPrefix: `${world}:${options?.keyPrefix ?? 'x'}` });

afterAll(async () => {
  const topologies = await Promise.all(Object.values(starting));
  await Promise.all([small, ...topologies].map((each) => each.stop()));
});

engineContract('Redis Cluster', openSmall);
storeContract('Redis Cluster', openSmall);

const freshOwner = () =>
  ownerKeyOf({ tenant: tenantIdSchema.parse('default'), userId: userIdSchema.parse(randomUUID()) });

describe('a Cluster', () => {
  it('carries owners and the due index on all of its masters', async () => {
    const engine = await openRedisEngine({ url: small.url, keyPrefix: 'spread' });
    const owners = Array.from({ length: 30 }, freshOwner);
    const next = { version: 1, bytes: Buffer.from('b') };
    await Promise.all(owners.map((owner) => engine.writeFields(owner, [{ field: 'f', expect: 'absent', next }])));
    await Promise.all(owners.map((owner) => engine.schedule(owner, 1)));
    for (const node of small.nodes) {
      const keys = String(await node.command('KEYS', 'spread:*'));
      expect(keys).toContain('spread:{');
      expect(keys).toContain('spread:due:');
    }
    await engine.close();
  });

  it('is reached through any node that still lives, and checked on every master', async () => {
    const engine = await openRedisEngine({ url: small.url, keyPrefix: 'checked' });
    expect((await engine.check()).warnings.join()).toMatch(/nothing on disk/);
    await small.nodes[1]?.command('CONFIG', 'SET', 'maxmemory', '100mb');
    await small.nodes[1]?.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(engine.check()).rejects.toThrow(/maxmemory-policy must be noeviction/);
    await small.nodes[1]?.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await expect(engine.check()).resolves.toBeDefined();
    await engine.close();
  });

  it('moves a slot under load without a wrong answer (MOVED, ASK, TRYAGAIN)', async () => {
    const engine = await openRedisEngine({ url: small.url, keyPrefix: 'moving' });
    const owner = freshOwner();
    const probe = small.nodes[0];
    const slot = Number(await probe?.command('CLUSTER', 'KEYSLOT', `{${owner}}`));
    const from = small.nodes[slot < 5461 ? 0 : slot < 10923 ? 1 : 2];
    const to = small.nodes[slot < 5461 ? 1 : slot < 10923 ? 2 : 0];
    const write = (version: number) =>
      engine.writeFields(owner, [
        { field: 'f', expect: version === 1 ? 'absent' : version - 1, next: { version, bytes: Buffer.from('b') } },
      ]);
    expect(await write(1)).toBe('stored');
    const [fromId, toId] = [await from?.command('CLUSTER', 'MYID'), await to?.command('CLUSTER', 'MYID')].map(String);
    await to?.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId ?? '');
    await from?.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId ?? '');
    await from?.command('MIGRATE', '127.0.0.1', to?.port ?? 0, '', 0, 1000, 'KEYS', `moving:{${owner}}`);
    // Now one key is here and the others are nowhere: reads of one key are sent on (ASK), others must wait (TRYAGAIN).
    expect(await engine.readField(owner, 'f')).toMatchObject({ version: 1 });
    const waiting = write(2);
    for (const node of [to, from, small.nodes[0], small.nodes[1], small.nodes[2]]) {
      await node?.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId ?? '');
    }
    expect(await waiting).toBe('stored');
    expect(await write(3)).toBe('stored');
    expect(await engine.readField(owner, 'f')).toMatchObject({ version: 3 });
    await engine.close();
  });
});

/** Puts a proxy between the Cluster and its clients: nodes name the proxy's port in their answers. */
async function startBehindProxies(): Promise<{
  proxies: readonly TcpFaultProxy[];
  engine: StorageEngine;
  stop: () => Promise<void>;
}> {
  const proxies = await Promise.all(small.nodes.map((node) => startTcpFaultProxy(node.port)));
  const announce = async (ports: readonly number[]) => {
    await Promise.all(
      small.nodes.map((node, index) => node.command('CONFIG', 'SET', 'cluster-announce-port', ports[index] ?? 0)),
    );
    const named = (text: string) =>
      (ports.length > 0 ? ports : small.nodes.map((node) => node.port)).every((port) => text.includes(`:${port}@`));
    for (const node of small.nodes)
      await eventually('all name it', async () => named(String(await node.command('CLUSTER', 'NODES'))));
  };
  await announce(proxies.map((proxy) => proxy.port));
  const url = `redis+cluster://${proxies.map((proxy) => `127.0.0.1:${proxy.port}`).join(',')}`;
  const engine = await openRedisEngine({ url, keyPrefix: 'proxied' });
  const stop = async () => {
    await engine.close();
    await announce([]);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  };
  return { proxies, engine, stop };
}

/** How many GETDEL the nodes have carried out. */
async function countTaken(): Promise<number> {
  const told = await Promise.all(small.nodes.map((node) => node.command('INFO', 'commandstats')));
  const calls = told.map((stats) => /cmdstat_getdel:calls=(\d+)/.exec(String(stats))?.[1]);
  return calls.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

describe('taking a value once, on a Cluster (6.1)', () => {
  it('whose answer is cut off is an unknown outcome: never a second GETDEL, never "absent"', async () => {
    const { proxies, engine, stop } = await startBehindProxies();
    const before = await countTaken();
    for (let round = 1; round <= 10; round += 1) {
      await eventually('put', () => succeeds(engine.putExpiring(`k${round}`, Buffer.from('b'), 60_000)));
      for (const proxy of proxies) proxy.setMode('cut-replies');
      const outcome = engine.takeExpiring(`k${round}`);
      await expect(outcome).rejects.toMatchObject({ code: 'store_unavailable', carriedOut: 'unknown' });
      for (const proxy of proxies) proxy.setMode('pass');
      await eventually('the engine works', () => succeeds(engine.getExpiring(`k${round}`)));
      expect(await engine.getExpiring(`k${round}`)).toBeUndefined();
      expect((await countTaken()) - before).toBe(round);
    }
    await stop();
  });
});

/** What one writer saw that adds one to a version again and again while servers die. */
async function writeThrough(engine: StorageEngine, disturb: (owner: OwnerKey) => Promise<void>) {
  const owner = freshOwner();
  const seen = { stored: 0, failures: 0, slowestMs: 0, gapMs: 0, wrong: [] as unknown[] };
  let version = 0;
  let lastGood = performance.now();
  const write = async (): Promise<void> => {
    const expected = version === 0 ? 'absent' : version;
    const next = { version: version + 1, bytes: Buffer.from('b') };
    const startedAt = performance.now();
    try {
      if ((await engine.writeFields(owner, [{ field: 'f', expect: expected, next }])) === 'stored') {
        version += 1;
        seen.stored += 1;
        seen.gapMs = Math.max(seen.gapMs, performance.now() - lastGood);
        lastGood = performance.now();
      } else {
        // Only an unknown outcome before may have moved it; look, as callers do.
        const found = (await engine.readField(owner, 'f'))?.version ?? 0;
        if (found !== version + 1) seen.wrong.push({ found, version });
        version = found;
      }
    } catch (error) {
      seen.failures += 1;
      if (!(error instanceof StoreUnavailable)) seen.wrong.push(error);
    } finally {
      seen.slowestMs = Math.max(seen.slowestMs, performance.now() - startedAt);
    }
  };
  for (let index = 0; index < 20; index += 1) await write();
  await disturb(owner);
  const before = seen.stored;
  await eventually(
    '50 writes after the failure',
    async () => {
      await write();
      if (performance.now() - lastGood > 0) await sleep(5);
      return seen.failures > 0 && seen.stored >= before + 50;
    },
    60_000,
  );
  return { ...seen, owner, final: (await engine.readField(owner, 'f'))?.version, version };
}

it('a Sentinel that is gone is nothing to print, beside others', async () => {
  const { url } = await starting.killed;
  const print = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const engine = await openRedisEngine({ url: url.replace('//', '//127.0.0.1:1,'), keyPrefix: 'gone' });
  // Meanwhile the client that listens for failovers has been refused there.
  for (let count = 0; count < 50; count += 1) await engine.check();
  await engine.close();
  expect(print.mock.calls).toEqual([]);
  print.mockRestore();
}, 40_000);

describe.each([
  ['behind Sentinels, the master killed (kill -9)', starting.killed, 'kill9'],
  ['behind Sentinels, the master frozen (SIGSTOP)', starting.frozen, 'pause'],
  ['in a Cluster, a master killed (kill -9)', starting.cluster, 'kill9'],
] as const)('a failover %s', (_name, starts, end) => {
  let topology: RedisTopology;
  let engine: StorageEngine;
  let sleeper: StorageEngine;
  beforeAll(async () => {
    topology = await starts;
    const place = { url: topology.url, keyPrefix: 'failover' };
    [engine, sleeper] = await Promise.all([openRedisEngine(place), openRedisEngine(place)]);
  });
  afterAll(async () => {
    await Promise.all([engine.close(), sleeper.close()]);
  });

  // It ends later than the waits in it, which say what did not come.
  it('is a short gap of StoreUnavailable, then writes go on, also for who slept meanwhile (F4)', async () => {
    const ended: RedisProcess[] = [];
    await eventually('no failover is under way', () => areInStep(topology));
    let known: KnownField | undefined;
    const seen = await writeThrough(engine, async (owner) => {
      known = (await sleeper.findField(owner, 'f'))?.known;
      if (known === undefined) throw new Error('it is not there');
      // Behind Sentinels, Redis tells the sleeper of writes: a server that is no master any more tells of none.
      for (let read = 0; read < 50 && !known.sight?.isCurrent; read += 1) await sleeper.readUnlessSame(known, asFound);
      // In a Cluster the owner's slot is on one of three masters: the one that has a key with a hash tag.
      for (const node of topology.nodes) {
        const isMaster = String(await node.command('INFO', 'replication')).includes('role:master');
        if (isMaster && String(await node.command('KEYS', '*{*}*')) !== '') {
          await node[end]();
          ended.push(node);
        }
      }
      expect(ended.length).toBeGreaterThan(0);
    });
    expect(seen.wrong).toEqual([]);
    expect(seen.final).toBe(seen.version);
    expect(seen.slowestMs).toBeLessThan(2_000);
    expect(seen.gapMs).toBeLessThan(12_000);
    // A former master that wakes up does not know yet what it is.
    if (end === 'pause') for (const node of ended) node.resume();
    let found: unknown;
    await eventually('it is read', async () => {
      found = known && (await sleeper.readUnlessSame(known, asFound).catch(() => undefined));
      return found !== undefined;
    });
    expect(found).toMatchObject({ version: seen.final });
  }, 90_000);
});
