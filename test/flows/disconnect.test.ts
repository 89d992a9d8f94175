/** Disconnecting and erasing while others write: what came meanwhile goes as well, and its tokens are revoked. */

import { describe, expect, it, vi } from 'vitest';
import { KeyUnavailable } from '../../src/core/errors.js';
import { openStore } from '../../src/open-store.js';
import { openSourced } from '../support/sourced-manager.js';
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

describe('where only a live access token can be revoked (Dropbox)', () => {
  const ended = { provider: 'dropbox', accessToken: 'at-old', refreshToken: 'rt-1', expiresAt: 1 };

  async function openDropbox() {
    const opened = await openSourced({});
    const { server, openAnother } = opened;
    const urls = { token_endpoint: `${server.url}/token`, revocation_endpoint: `${server.url}/revoke` };
    const manager = await openAnother({
      dataDir: undefined,
      store: await openStore(opened.options),
      providers: { dropbox: { client_id: 'c', client_secret: 's', ...urls } },
    });
    server.answer('/revoke', ({ headers }) => ({ status: headers.authorization === 'Bearer at-new' ? 200 : 401 }));
    server.answer('/token', { json: { access_token: 'at-new', token_type: 'bearer', expires_in: 14_400 } });
    await manager.storeToken(user, ended);
    return { ...opened, manager };
  }

  it('one that has ended is renewed for it, so that the grant ends', async () => {
    const { manager, forms } = await openDropbox();
    expect(await manager.deleteToken(user, 'dropbox')).toEqual({ revoked: 'yes' });
    expect(forms().map(({ refresh_token }) => refresh_token)).toEqual(['rt-1']);
    expect(await manager.listUserConnections(user)).toEqual([]);
  });

  it('what cannot be renewed is sent as it is: the disconnect does not fail by it', async () => {
    const { manager, server } = await openDropbox();
    server.answer('/token', { status: 500 });
    expect(await manager.deleteToken(user, 'dropbox')).toEqual({ revoked: 'no' });
    expect(server.requestsTo('/revoke').map(({ headers }) => headers.authorization)).toEqual(['Bearer at-old']);
  });

  it('a refresh token that was refused is not sent once more for it', async () => {
    const { manager, server, forms } = await openDropbox();
    server.answer('/token', { status: 400, json: { error: 'invalid_grant' } });
    expect(await manager.getToken(user, 'dropbox')).toBeUndefined();
    expect(await manager.deleteToken(user, 'dropbox')).toEqual({ revoked: 'no' });
    expect(forms()).toHaveLength(1);
  });
});
