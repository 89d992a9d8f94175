/** Opened records are reused only while the store holds the very same bytes, and forgotten in number and in time. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { nextGeneration } from '../../src/core/connection.js';
import { StoredTokenUnreadable } from '../../src/core/errors.js';
import {
  accountLabelSchema,
  type ConnectionRef,
  ownerKeyOf,
  providerIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '../../src/core/identifiers.js';
import type { Store } from '../../src/core/store.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { type Opened, OpenedRecords } from '../../src/store/opened-records.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { createStore } from '../../src/store/sealed-store.js';
import { sharedRedis } from '../support/redis.js';
import { aConnection, anOwner, keyring, refTo, t0 } from './samples.js';

const shared = await sharedRedis();
const keys = keyring('k1');
const open = (prefix: string) => openRedisEngine({ url: shared.url, keyPrefix: prefix });
let engine: StorageEngine;
let ours: Store;
let theirs: Store;

beforeAll(async () => {
  const prefix = `t-${randomUUID()}`;
  engine = await open(prefix);
  ours = createStore(engine, keys);
  // Another process: nothing is shared but Redis.
  theirs = createStore(await open(prefix), keys);
});
afterAll(async () => {
  await Promise.all([ours.close(), theirs.close()]);
  await shared.stop();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A connection that is stored, and that our store has opened. */
async function anOpenedConnection(store = ours) {
  const owner = anOwner();
  const connection = aConnection(owner);
  const generation = nextGeneration(undefined, t0);
  await theirs.connections.write(owner, [{ kind: 'put_connection', connection, generation, expect: 'absent' }]);
  const opened = await store.connections.find(refTo(connection));
  return { owner, connection, generation, ref: refTo(connection), opened };
}

describe('an opened connection', () => {
  it('is reused while its sealed bytes are unchanged', async () => {
    const { ref, opened } = await anOpenedConnection();
    expect(await ours.connections.find(ref)).toBe(opened);
  });

  it('is opened once for many callers at once', async () => {
    const { ref } = await anOpenedConnection();
    const fresh = createStore(engine, keys);
    const [first, ...others] = await Promise.all(Array.from({ length: 200 }, () => fresh.connections.find(ref)));
    expect(first).toBeDefined();
    for (const other of others) expect(other).toBe(first);
  });

  it('is reused when another connection of its owner comes or goes, wherever that moves it', async () => {
    const { owner, connection, ref, opened } = await anOpenedConnection();
    const beside = { ...connection, provider: providerIdSchema.parse('google') };
    const generation = nextGeneration(undefined, t0);
    await theirs.connections.write(owner, [
      { kind: 'put_connection', connection: beside, generation, expect: 'absent' },
    ]);
    expect(await ours.connections.find(ref)).toBe(opened);
    const there = await ours.connections.find(refTo(beside));
    await theirs.connections.write(owner, [{ kind: 'remove_connection', ref, expect: 'any' }]);
    expect(await ours.connections.find(refTo(beside))).toBe(there);
    expect(await ours.connections.find(ref)).toBeUndefined();
  });

  it('is opened anew by a store that was told to keep none', async () => {
    const store = createStore(engine, keys, { keepOpened: 0 });
    const { ref, opened } = await anOpenedConnection(store);
    expect(await store.connections.find(ref)).not.toBe(opened);
  });

  it('is gone at once when another process disconnects it', async () => {
    const { owner, ref, generation } = await anOpenedConnection();
    await theirs.connections.write(owner, [{ kind: 'remove_connection', ref, expect: generation }]);
    expect(await ours.connections.find(ref)).toBeUndefined();
  });

  it('is gone at once when another process erases its user', async () => {
    const { owner, ref } = await anOpenedConnection();
    await theirs.connections.erase(owner);
    expect(await ours.connections.find(ref)).toBeUndefined();
  });

  it('is the new one at once when another process has changed it', async () => {
    const { owner, ref, connection, generation } = await anOpenedConnection();
    const next = { ...connection, requestedScope: ['changed'] };
    const newer = nextGeneration(generation, t0);
    await theirs.connections.write(owner, [
      { kind: 'put_connection', connection: next, generation: newer, expect: generation },
    ]);
    const found = await ours.connections.find(ref);
    expect(found).toMatchObject({ generation: newer, connection: { requestedScope: ['changed'] } });
  });

  it('does not stand in for bytes of which one bit was changed', async () => {
    const { owner, ref, generation } = await anOpenedConnection();
    const stored = await engine.readField(ownerKeyOf(owner), 'c/github');
    const bytes = Buffer.from(stored?.bytes ?? []);
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
    await engine.exchangeField(ownerKeyOf(owner), 'c/github', { version: generation, bytes });
    await expect(ours.connections.find(ref)).rejects.toThrow(StoredTokenUnreadable);
  });

  it('does not stand in for bytes that do not open: another record in its place is refused', async () => {
    const [mine, other] = [await anOpenedConnection(), await anOpenedConnection()];
    const foreign = await engine.readField(ownerKeyOf(other.owner), 'c/github');
    if (foreign === undefined) throw new Error('the other record is not there');
    const next = { version: mine.generation, bytes: foreign.bytes };
    await engine.exchangeField(ownerKeyOf(mine.owner), 'c/github', next);
    await expect(ours.connections.find(mine.ref)).rejects.toThrow(StoredTokenUnreadable);
  });
});

describe('what is remembered', () => {
  const place = { next: undefined, key: 'k', field: 'f', from: 0, to: 9, even: 1, odd: 2, sight: undefined };
  const refOfUser = (userId: string, more: { tenant?: string; provider?: string; account?: string } = {}) => ({
    owner: { tenant: tenantIdSchema.parse(more.tenant ?? 'default'), userId: userIdSchema.parse(userId) },
    provider: providerIdSchema.parse(more.provider ?? 'github'),
    account: accountLabelSchema.parse(more.account ?? 'default'),
  });
  const remember = (records: OpenedRecords<string>, ref: ConnectionRef, value = 'value') => {
    const { provider, account } = ref;
    const record: Opened<string> = { ...place, tenant: ref.owner.tenant, provider, account, value };
    records.remember(ref, record);
    return record;
  };

  it('is found with the fingerprint of what it lay in, to be shown to the engine', () => {
    const records = new OpenedRecords<string>(10);
    const record = remember(records, refOfUser('a'));
    expect(records.find(refOfUser('a'))).toEqual(record);
    expect(records.find(refOfUser('b'))).toBeUndefined();
  });

  it('is told apart from all else of that user id, and each is replaced and forgotten alone', () => {
    const records = new OpenedRecords<string>(10);
    const refs = [{}, { provider: 'google' }, { account: 'work' }, { tenant: 'other' }].map((more) =>
      refOfUser('a', more),
    );
    const all = refs.map((ref, index) => remember(records, ref, String(index)));
    expect(refs.map((ref) => records.find(ref))).toMatchObject(all.map(({ value }) => ({ value })));
    const [, second = refOfUser('a'), third = refOfUser('a')] = refs;
    remember(records, second, 'newer');
    records.forget(third);
    expect(refs.map((ref) => records.find(ref)?.value)).toEqual(['0', 'newer', undefined, '3']);
    records.forgetAll(refOfUser('a').owner);
    expect(refs.map((ref) => records.find(ref)?.value)).toEqual([undefined, undefined, undefined, '3']);
  });

  it('is bounded for one user, too', () => {
    const records = new OpenedRecords<string>(10);
    const refs = Array.from({ length: 40 }, (_, index) => refOfUser('a', { account: `label-${index}` }));
    for (const ref of refs) remember(records, ref);
    expect(refs.filter((ref) => records.find(ref) !== undefined)).toEqual(refs.slice(-16));
  });

  it('is bounded, and what is evicted is let go', () => {
    const records = new OpenedRecords<string>(100);
    for (let index = 0; index < 1000; index += 1) remember(records, refOfUser(`p${index}`));
    expect(records.size).toBeLessThanOrEqual(200);
    expect(records.find(refOfUser('p0'))).toBeUndefined();
    expect(records.find(refOfUser('p999'))).toBeDefined();
  });

  it('keeps all of a set that is as large as the bound and read again and again', () => {
    const records = new OpenedRecords<string>(100);
    for (let index = 0; index < 100; index += 1) remember(records, refOfUser(`p${index}`));
    for (let turn = 0; turn < 1000; turn += 1) expect(records.find(refOfUser(`p${(turn * 7) % 100}`))).toBeDefined();
  });

  it('forgets all secrets within two minutes in which nobody reads', () => {
    vi.useFakeTimers();
    const records = new OpenedRecords<string>(10);
    remember(records, refOfUser('a'), 'secret');
    vi.advanceTimersByTime(120_000);
    expect(records.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('forgets at once what it is told to', () => {
    const records = new OpenedRecords<string>(10);
    remember(records, refOfUser('a'), 'secret');
    records.forget(refOfUser('a'));
    expect(records.size).toBe(0);
  });
});
