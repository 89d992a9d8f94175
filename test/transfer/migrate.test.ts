/** Migrating from the embedded store into Redis, with the service running and with it stopped. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/core/connection.js';
import { ConfigurationError, StoreUnavailable } from '../../src/core/errors.js';
import { accountLabelSchema } from '../../src/core/identifiers.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { createStore, openSealedStore } from '../../src/store/sealed-store.js';
import { migrate } from '../../src/transfer/migrate.js';
import { aConnection, aGrant, anOwner, keyring, refTo, revealed, t0 } from '../store/samples.js';
import { sharedRedis } from '../support/redis.js';

const redis = await sharedRedis();
const root = mkdtempSync(join(tmpdir(), 'valetkey-migrate-'));
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await redis.stop();
});

const keys = keyring('k1');
let source: StorageEngine;
let target: StorageEngine;
let dataDir: string;
beforeEach(async () => {
  dataDir = join(root, randomUUID());
  source = await openEmbeddedEngine({ dataDir });
  target = await openRedisEngine({ url: redis.url, keyPrefix: `t-${randomUUID()}` });
});
afterEach(async () => {
  await source.close();
  await target.close();
});

async function put(engine: StorageEngine, connection: Connection, expect: number | 'absent' = 'absent') {
  const generation = expect === 'absent' ? 1 : expect + 1;
  const change = { kind: 'put_connection', connection, expect, generation } as const;
  return createStore(engine, keys).connections.write(refTo(connection).owner, [change]);
}

/** Some connections with all that lies beside them. */
async function fill(count = 20) {
  const store = await openSealedStore(source, keys);
  const connections = Array.from({ length: count }, () => aConnection(anOwner()));
  for (const connection of connections) await put(source, connection);
  const [first] = connections;
  if (!first) throw new TypeError('none was made');
  const grant = { kind: 'put_grant', connectId: 'g1', grant: aGrant(refTo(first).owner), expect: 'absent' } as const;
  await store.connections.write(refTo(first).owner, [grant]);
  await store.connections.markUsed(refTo(first), t0);
  await store.due.schedule(refTo(first), t0 + 5);
  const intent = { generation: 1, holder: 'h', startedAt: t0, deadline: t0, attempt: 1 };
  await store.connections.beginRefresh(refTo(first), intent, { ms: 60_000 });
  await store.documents.put('things', 'a', { b: 1 });
  return { store, connections, first, intent };
}

describe('a migration', () => {
  it('carries connections, grants, marks, refresh intents, due times, documents and keys in use', async () => {
    const { store, connections, first, intent } = await fill();
    const migration = await migrate({ source, target, finish: true });
    expect(migration).toMatchObject({ equal: true, finished: true, removed: 0 });
    expect(migration.target).toEqual(migration.source);
    expect(migration.target).toMatchObject({ owners: 20, fields: 21 });
    const there = await openSealedStore(target, keys);
    for (const connection of connections) {
      expect(revealed(await there.connections.list(refTo(connection).owner))).toEqual(
        revealed(await store.connections.list(refTo(connection).owner)),
      );
    }
    expect(await there.connections.findIntent(refTo(first))).toEqual(intent);
    expect((await there.connections.list(refTo(first).owner)).lastUsedAt.size).toBe(1);
    expect((await there.due.claim(t0 + 5, 10, 1_000)).length).toBe(1);
    expect(await there.documents.find('things', 'a')).toEqual({ b: 1 });
    await expect(openSealedStore(target, keyring('k2'))).rejects.toMatchObject({
      code: 'key_unavailable',
      keyId: 'k1',
    });
  });

  it('can be interrupted, and goes on with what is missing', async () => {
    await fill(80);
    const interrupted = migrate({ source, target, finish: false }, ({ done }) => {
      if (done === 7) throw new Error('interrupted');
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    const migration = await migrate({ source, target, finish: false });
    expect(migration).toMatchObject({ equal: true, target: { owners: 80 } });
    // Those that were on their way beside it came to their end, and no others were begun.
    expect(migration.written).toBeGreaterThanOrEqual(80 - 32);
    expect(migration.written).toBeLessThan(80 - 32 + 5); // a grant, and documents
    expect((await migrate({ source, target, finish: true })).written).toBe(0);
  });

  it('follows what the running service changes between runs: writes, removals, erased users, ended intents', async () => {
    const { store, connections, first } = await fill();
    await migrate({ source, target, finish: false });
    const [, second, third] = connections;
    if (!second || !third) throw new TypeError('none was made');
    await put(source, second, 1);
    await store.connections.write(refTo(third).owner, [
      { kind: 'remove_connection', ref: refTo(third), expect: 'any' },
    ]);
    const added = aConnection(refTo(third).owner, { account: accountLabelSchema.parse('other') });
    await put(source, added);
    await store.connections.endRefresh(refTo(first), 'h', 'no');
    const erased = connections[3];
    if (erased) await store.connections.erase(refTo(erased).owner);
    await store.documents.remove('things', 'a');
    expect(await migrate({ source, target, finish: true })).toMatchObject({ equal: true, finished: true });
    const there = await openSealedStore(target, keys);
    expect((await there.connections.find(refTo(second)))?.generation).toBe(2);
    expect(await there.connections.find(refTo(third))).toBeUndefined();
    expect(await there.connections.find(refTo(added))).toBeDefined();
    expect(await there.connections.findIntent(refTo(first))).toBeUndefined();
    expect(erased && (await there.connections.list(refTo(erased).owner)).connections).toEqual([]);
    expect(await there.documents.find('things', 'a')).toBeUndefined();
  });

  it('says that both differ when something is written meanwhile, and does not finish', async () => {
    const { first } = await fill();
    let writing: Promise<unknown> | undefined;
    // What is written while owners are copied has happened before they are compared, however slow the disk is.
    const walk: typeof source.walk = async (...what) => {
      await writing;
      return source.walk(...what);
    };
    const migration = await migrate({ source: { ...source, walk }, target, finish: true }, ({ done }) => {
      if (done === 20) writing ??= put(source, first, 1);
    });
    expect(migration).toMatchObject({ equal: false, finished: false });
    expect(await migrate({ source, target, finish: true })).toMatchObject({ equal: true, finished: true });
  });

  it('keeps services off the target until it is finished', async () => {
    await fill();
    await migrate({ source, target, finish: false });
    await expect(openSealedStore(target, keys)).rejects.toMatchObject({ code: 'configuration_invalid' });
  });

  it('keeps services off the source once it is finished, and can be made anew from it', async () => {
    const { first } = await fill();
    await migrate({ source, target, finish: true });
    const refused = { faults: [{ name: 'DATA_DIR', problem: expect.stringContaining('REDIS_URL') }] };
    await expect(openSealedStore(source, keys)).rejects.toMatchObject(refused);
    source = await openEmbeddedEngine({ dataDir });
    const other = await openRedisEngine({ url: redis.url, keyPrefix: `t-${randomUUID()}` });
    expect(await migrate({ source, target: other, finish: true })).toMatchObject({ finished: true });
    const there = await openSealedStore(other, keys);
    expect(await there.connections.find(refTo(first))).toBeDefined();
    await there.close();
  });

  it('takes no store for its source that holds nothing, or that it fills itself', async () => {
    await expect(migrate({ source, target, finish: true })).rejects.toMatchObject({
      faults: [{ name: 'DATA_DIR', problem: expect.stringContaining('holds nothing') }],
    });
    await fill();
    await migrate({ source, target, finish: false });
    await expect(migrate({ source: target, target, finish: true })).rejects.toMatchObject({
      faults: [{ name: 'REDIS_URL', problem: expect.stringContaining('is being filled') }],
    });
    expect(await migrate({ source, target, finish: true })).toMatchObject({ written: 0, finished: true });
  });

  it('never writes into a store that is in use', async () => {
    await fill();
    await put(target, aConnection(anOwner()));
    await expect(migrate({ source, target, finish: true })).rejects.toMatchObject({ code: 'configuration_invalid' });
    await expect(openSealedStore(target, keys)).resolves.toBeDefined();
  });

  it('does not mark a store in use: a run that is killed just then would make the next one empty it', async () => {
    await fill();
    const theirs = aConnection(anOwner());
    await put(target, theirs);
    const cut: StorageEngine = { ...target, removeDocument: async () => Promise.reject(new StoreUnavailable('cut')) };
    await expect(migrate({ source, target: cut, finish: false })).rejects.toBeInstanceOf(ConfigurationError);
    await expect(migrate({ source, target, finish: false })).rejects.toBeInstanceOf(ConfigurationError);
    const there = await openSealedStore(target, keys);
    expect(await there.connections.find(refTo(theirs))).toBeDefined();
  });
});
