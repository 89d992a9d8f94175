/** The count of connections by state, on both stores: what it counts, who counts, and what a scrape shows of it. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import { silentLog as log } from '../../src/core/log.js';
import { Secret } from '../../src/core/secret.js';
import { ConnectionCensus } from '../../src/service/connection-census.js';
import { createMetrics } from '../../src/service/metrics.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { connectionFieldOf } from '../../src/store/field-names.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { openSealedStore } from '../../src/store/sealed-store.js';
import { aConnection, aGrant, anOwner, keyring, refTo, t0 } from '../store/samples.js';
import { eventually, startRedis } from '../support/redis.js';

// Its own: on a server whose keys come and go, a walk may meet one twice.
const redis = await startRedis();
const root = mkdtempSync(join(tmpdir(), 'valetkey-census-'));
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await redis.stop();
});

const embedded = (): Promise<StorageEngine> => openEmbeddedEngine({ dataDir: join(root, randomUUID()) });
const onRedis = (): Promise<StorageEngine> => openRedisEngine({ url: redis.url, keyPrefix: `census-${randomUUID()}` });
const keys = keyring('k1');
const now = () => t0 + 60_000;

/** 3 active, 1 paused, 1 expired, 2 to be connected again, 1 grant, 1 record that nobody can open. */
async function filled(open: () => Promise<StorageEngine>) {
  const engine = await open();
  onTestFinished(() => engine.close());
  const store = await openSealedStore(engine, keys);
  const past = { accessToken: new Secret('ended'), tokenType: 'bearer', obtainedAt: t0, expiresAt: t0 + 1, scope: [] };
  const ended = { kind: 'needs_reauthorization', since: t0, keepUntil: t0, error: 'invalid_grant' } as const;
  const changes = [{}, {}, {}, { pausedAt: t0 }, { tokenSet: past }, { state: ended }, { state: ended }, {}];
  const connections = changes.map((change) => aConnection(anOwner(), change));
  for (const connection of connections) {
    const { owner } = refTo(connection);
    await store.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);
  }
  const spoiled = refTo(connections[7] ?? aConnection(anOwner()));
  const bytes = Buffer.from('not sealed');
  await engine.exchangeField(ownerKeyOf(spoiled.owner), connectionFieldOf(spoiled), { version: 1, bytes });
  const owner = anOwner();
  await store.connections.write(owner, [
    { kind: 'put_grant', connectId: 'g1', grant: aGrant(owner), expect: 'absent' },
  ]);
  return store;
}

const counted = {
  active: 3,
  paused: 1,
  expired: 1,
  reauthorization_required: 2,
  awaiting_proof: 1,
  unreadable: 1,
};

describe.each([
  { name: 'embedded', open: embedded },
  { name: 'Redis', open: onRedis },
])('a census on the store $name', ({ open }) => {
  it('counts by state what there is, and anew when something has changed', async () => {
    const store = await filled(open);
    const census = new ConnectionCensus({ store, log, now });
    expect(census.counts).toBeUndefined();
    await census.round();
    expect(census.counts).toEqual(counted);
    const connection = aConnection(anOwner());
    const { owner } = refTo(connection);
    await store.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);
    await census.round();
    expect(census.counts).toEqual({ ...counted, active: 4 });
  });

  it('is made by one process for all, and by another one when that has gone', async () => {
    const store = await filled(open);
    const [one, other] = [new ConnectionCensus({ store, log, now }), new ConnectionCensus({ store, log, now })];
    await one.round();
    await other.round();
    expect([one.counts, other.counts]).toEqual([counted, undefined]);
    await one.stop();
    await other.round();
    expect(other.counts).toEqual(counted);
  });
});

it('goes on by itself until it is stopped, and is told at a scrape, with states for labels and nothing else', async () => {
  const store = await filled(embedded);
  const census = new ConnectionCensus({ store, log, now, firstPauseMs: 1, pauseMs: 5 });
  census.start();
  onTestFinished(() => census.stop());
  await eventually('a count', () => Promise.resolve(census.counts !== undefined), 30_000);
  await census.stop();
  const metrics = createMetrics({
    refreshBacklog: () => Promise.resolve(0),
    figures: () => store.figures(),
    openCircuits: () => new Map(),
    connections: () => census.counts,
  });
  const lines = (await metrics.registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('valetkey_connections{'));
  expect(lines.sort()).toEqual(
    Object.entries(counted)
      .map(([state, count]) => `valetkey_connections{state="${state}"} ${count}`)
      .sort(),
  );
});

it('shows nothing where the store was away before the first count, says so once, and ends all the same', async () => {
  let rounds = 0;
  const away = () => {
    rounds += 1;
    return Promise.reject(new Error('away'));
  };
  const store = await filled(embedded);
  const leases = { ...store.leases, renew: away, acquire: away };
  const told: object[] = [];
  const telling = { ...log, warn: (fields: object) => void told.push(fields) };
  const census = new ConnectionCensus({
    store: { ...store, leases },
    log: telling,
    now,
    firstPauseMs: 0,
    pauseMs: 1,
  });
  census.start();
  await expect(census.round()).rejects.toThrow('away');
  await expect.poll(() => rounds, { timeout: 10_000 }).toBeGreaterThan(3);
  await census.stop();
  expect(census.counts).toBeUndefined();
  expect(told).toEqual([{ worker: 'connection census', failure: 'Error' }]);
});
