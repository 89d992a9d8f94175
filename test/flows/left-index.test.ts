/** The index of accounts names nobody who is gone, whatever happened on the way: it has no end of its own. */

import { expect, it, vi } from 'vitest';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import { eventually } from '../support/redis.js';
import { type BrowserHalf, openBrowserHalf, user } from './browser-half.js';
import { away } from './people.js';

/** How many entries there are. */
async function countEntries({ dataDir }: BrowserHalf): Promise<number> {
  const engine = await openEmbeddedEngine({ dataDir });
  const { names } = await engine.walk('collections');
  const lists = names.filter((name) => name.startsWith('account-')).map((name) => engine.listDocuments(name));
  const entries = (await Promise.all(lists)).reduce((sum, { size }) => sum + size, 0);
  await engine.close();
  return entries;
}

/** Somebody who is connected. */
async function openConnected() {
  const half = await openBrowserHalf();
  const prove = async ({ page }: Awaited<ReturnType<typeof half.finish>>) =>
    half.manager.submitProof(user, page?.returnCode?.reveal() ?? '');
  await prove(await half.finish());
  expect(await countEntries(half)).toBe(1);
  return { ...half, prove };
}

/** The store takes nothing out of the index so many times. */
function refuseRemovals({ store: { documents } }: BrowserHalf, times: number): void {
  const remove = documents.remove.bind(documents);
  let left = times;
  vi.spyOn(documents, 'remove').mockImplementation(async (collection, id) => {
    if (!collection.startsWith('account-') || left === 0) return remove(collection, id);
    left -= 1;
    throw away();
  });
}

it('after a proof that could not be stored, when its grant ends', async () => {
  const half = await openBrowserHalf();
  const { manager, store, clock, finish } = half;
  const { page } = await finish();
  const write = vi.spyOn(store.connections, 'write').mockRejectedValueOnce(away());
  await expect(manager.submitProof(user, page?.returnCode?.reveal() ?? '')).rejects.toThrow('does not answer');
  write.mockRestore();
  expect(await countEntries(half)).toBe(1);
  clock.advance(3_600_000);
  manager.startBackgroundWork();
  await eventually('nobody is named', async () => (await countEntries(half)) === 0);
});

it('but for a connection that goes on when a later grant of the same account ends', async () => {
  const half = await openConnected();
  const { manager, store, clock, finish } = half;
  const { connectId } = await finish();
  clock.advance(3_600_000);
  manager.startBackgroundWork();
  await eventually(
    'the grant has ended',
    async () => (await store.documents.find('awaiting-grants', connectId)) === undefined,
  );
  expect(await countEntries(half)).toBe(1);
});

it('after a new consent by which the provider no longer says whose account it is', async () => {
  const half = await openConnected();
  half.server.answer('/userinfo', { json: {} });
  await half.prove(await half.finish());
  expect(await countEntries(half)).toBe(0);
});

it('after a host has stored a token in its place', async () => {
  const half = await openConnected();
  await half.manager.storeToken(user, { provider: 'one', accessToken: 'at-of-the-host' });
  expect(await countEntries(half)).toBe(0);
});

it('after a disconnect while the store was away for a moment', async () => {
  const half = await openConnected();
  refuseRemovals(half, 1);
  expect(await half.manager.deleteToken(user, 'one')).toEqual({ revoked: 'yes' });
  expect(await countEntries(half)).toBe(0);
  expect((await half.store.documents.list('open-revocations')).size).toBe(0);
});

it('after an erasure while the store was away for longer: a minute later, by whoever does the background work', async () => {
  const half = await openConnected();
  const { manager, store, clock } = half;
  refuseRemovals(half, 3);
  expect(await manager.eraseUser(user)).toMatchObject({ connections: 1, revoked: 1 });
  expect(await countEntries(half)).toBe(1);
  manager.startBackgroundWork();
  await eventually('nothing is open', async () => {
    clock.advance(10_000);
    return (await store.documents.list('open-revocations')).size === 0;
  });
  expect(await countEntries(half)).toBe(0);
});

it('after a disconnect likewise, of which nobody is told a second time, and nothing is revoked again', async () => {
  const half = await openConnected();
  const { manager, server, store, clock, events, trail } = half;
  refuseRemovals(half, 3);
  expect(await manager.deleteToken(user, 'one')).toEqual({ revoked: 'yes' });
  manager.startBackgroundWork();
  await eventually('nothing is open', async () => {
    clock.advance(10_000);
    return (await store.documents.list('open-revocations')).size === 0;
  });
  expect(await countEntries(half)).toBe(0);
  expect((await events()).filter(({ type }) => type === 'connection.deleted')).toHaveLength(1);
  expect(await trail('disconnect')).toHaveLength(1);
  expect(server.requestsTo('/revoke')).toHaveLength(1);
});
