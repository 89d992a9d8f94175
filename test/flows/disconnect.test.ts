/** Disconnecting and erasing while others write: what came meanwhile goes as well, and its tokens are revoked. */

import { expect, it, vi } from 'vitest';
import { KeyUnavailable } from '../../src/core/errors.js';
import { openBrowserHalf, user } from './browser-half.js';

it('a connection that was renewed between the look and the removal is removed, and its newest tokens are revoked', async () => {
  const { manager, server, store } = await openBrowserHalf();
  const token = { provider: 'one', accessToken: 'at-1', refreshToken: 'rt-1' };
  await manager.storeToken(user, token);
  const write = store.connections.write.bind(store.connections);
  vi.spyOn(store.connections, 'write').mockImplementationOnce(async (...removal) => {
    await manager.storeToken(user, { ...token, refreshToken: 'rt-2' });
    return write(...removal);
  });
  expect(await manager.deleteToken(user, 'one')).toEqual({ revoked: 'yes' });
  expect(await manager.listUserConnections(user)).toEqual([]);
  expect(server.requestsTo('/revoke').map(({ form }) => form.get('token'))).toEqual(['rt-2']);
});

it('of two who disconnect the same at once, the second does not go on with the other account', async () => {
  const { manager, server, store } = await openBrowserHalf();
  for (const account of ['default', 'work']) {
    await manager.storeToken(user, { provider: 'one', account, accessToken: `at-${account}`, refreshToken: account });
  }
  const write = store.connections.write.bind(store.connections);
  vi.spyOn(store.connections, 'write').mockImplementationOnce(async (...removal) => {
    expect(await manager.deleteToken(user, 'one')).toEqual({ revoked: 'yes' });
    return write(...removal);
  });
  expect(await manager.deleteToken(user, 'one')).toEqual({ revoked: 'no' });
  expect((await manager.listUserConnections(user)).map(({ account }) => account)).toEqual(['work']);
  expect(server.requestsTo('/revoke').map(({ form }) => form.get('token'))).toEqual(['default']);
});

it('what comes between the last look and the erasure itself is revoked as well', async () => {
  const { manager, server, store, finish } = await openBrowserHalf();
  const erase = store.connections.erase.bind(store.connections);
  vi.spyOn(store.connections, 'erase').mockImplementationOnce(async (owner) => {
    await manager.storeToken(user, { provider: 'two', accessToken: 'at-2', refreshToken: 'rt-2' });
    await finish();
    return erase(owner);
  });
  expect(await manager.eraseUser(user)).toMatchObject({ connections: 1, revoked: 1 });
  expect(server.requestsTo('/revoke').map(({ form }) => form.get('token'))).toEqual([
    'rt-2',
    expect.stringMatching(/^rt-/),
  ]);
  expect(await store.documents.list('open-revocations')).toEqual(new Map());
});

it('a record under a key that is not here yet is left for who can have it revoked (S4)', async () => {
  const { manager, server, store } = await openBrowserHalf();
  await manager.storeToken(user, { provider: 'one', accessToken: 'at-1', refreshToken: 'rt-1' });
  const list = store.connections.list.bind(store.connections);
  vi.spyOn(store.connections, 'list').mockImplementation(async (owner) => {
    const unreadable = [{ field: 'c/two', error: new KeyUnavailable('k2') }];
    return { ...(await list(owner)), unreadable };
  });
  await expect(manager.eraseUser(user)).rejects.toMatchObject({ code: 'key_unavailable' });
  expect(server.requestsTo('/revoke')).toEqual([]);
  expect(await manager.hasToken(user, 'one')).toBe(true);
});

it('a connection that comes while a person is being erased is erased and revoked as well', async () => {
  const { manager, server } = await openBrowserHalf();
  await manager.storeToken(user, { provider: 'one', accessToken: 'at-1', refreshToken: 'rt-1' });
  const late = { provider: 'two', accessToken: 'at-2', refreshToken: 'rt-2' };
  server.answer(
    '/revoke',
    async () => {
      await manager.storeToken(user, late);
      return { status: 200 };
    },
    { status: 200 },
  );
  expect(await manager.eraseUser(user)).toMatchObject({ connections: 2, revoked: 2 });
  expect(await manager.listUserConnections(user)).toEqual([]);
  expect(server.requestsTo('/revoke').map(({ form }) => form.get('token'))).toEqual(['rt-1', 'rt-2']);
});
