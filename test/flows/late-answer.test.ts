/** The answer to a refresh comes when its connection is not there any more: nobody will use what it brought. */

import { expect, it, onTestFinished, vi } from 'vitest';
import { StoredTokenUnreadable } from '../../src/core/errors.js';
import { defaultTenant, userIdSchema } from '../../src/core/identifiers.js';
import { silentLog } from '../../src/core/log.js';
import { Secret } from '../../src/core/secret.js';
import { openManager } from '../../src/open-manager.js';
import type { ScriptedAnswer } from '../support/scripted-server.js';
import { openBrowserHalf, user } from './browser-half.js';

const noProof = { connectProof: 'none', unsafeConnectWithoutProof: true } as const;
const late = { access_token: 'at-late', refresh_token: 'rt-late', token_type: 'Bearer', expires_in: 3600 };

/** Somebody is connected, and their refresh is on its way to the provider; `arrive` lets its answer in. */
async function refreshUnderWay(entry: Parameters<typeof openBrowserHalf>[0] = {}, userinfo?: ScriptedAnswer) {
  const logged: string[] = [];
  const log = { ...silentLog, error: (_: object, text: string) => void logged.push(text) };
  const half = await openBrowserHalf(entry, { ...noProof, log });
  const { manager, server, tokens, clock } = half;
  if (userinfo) server.answer('/userinfo', userinfo);
  await half.finish();
  clock.advance(3_600_000);
  let letGo: (value?: unknown) => void = () => undefined;
  const held = new Promise((resolve) => (letGo = resolve));
  server.answer('/token', { after: held, json: late }, tokens.redeem);
  const asked = server.requestsTo('/token').length;
  const refreshing = manager.getToken(user, 'one');
  await expect.poll(() => server.requestsTo('/token').length, { timeout: 10_000 }).toBe(asked + 1);
  const arrive = async () => {
    letGo();
    return (await refreshing)?.accessToken.reveal();
  };
  const revoked = () => server.requestsTo('/revoke').map(({ form }) => form.get('token'));
  return { ...half, arrive, revoked, logged };
}

it('is stored over an earlier state to which a failover has taken the store back', async () => {
  const { manager, store, arrive, revoked } = await refreshUnderWay();
  const owner = { tenant: defaultTenant, userId: userIdSchema.parse(user) };
  const [stored] = (await store.connections.list(owner)).connections;
  if (stored === undefined) throw new TypeError('there is no connection');
  const { connection, generation: expected } = stored;
  const tokenSet = {
    ...connection.tokenSet,
    accessToken: new Secret('at-older'),
    refreshToken: new Secret('rt-older'),
  };
  const older = { connection: { ...connection, tokenSet }, generation: expected - 1_000_000 };
  await store.connections.write(owner, [{ kind: 'put_connection', ...older, expect: expected }]);
  expect(await arrive()).toBe('at-late');
  expect((await manager.requireToken(user, 'one')).accessToken.reveal()).toBe('at-late');
  expect(revoked()).toEqual([]);
});

it('waits while its record is sealed with a key that this process lacks: keys were rolled out in the wrong order', async () => {
  const { server, dataDir, clock, arrive, logged } = await refreshUnderWay();
  const [k1, k2] = [7, 8].map((fill, at) => `k${at + 1}:${Buffer.alloc(32, fill).toString('base64')}`);
  const elsewhere = async (encryptionKeys: string) => {
    const about = { baseUrl: 'http://localhost:3000', backgroundWork: false, providers: {}, now: clock.now };
    const manager = await openManager({ ...about, dataDir, encryptionKeys });
    onTestFinished(() => manager.close());
    return manager;
  };
  await (await elsewhere(`${k2},${k1}`)).pauseConnection(user, 'one');
  const arriving = arrive();
  await expect.poll(() => logged, { timeout: 10_000 }).toContain('a refreshed token set waits for the store');
  const mended = await elsewhere(`${k1},${k2}`);
  await mended.resumeConnection(user, 'one');
  expect(await arriving).toBe('at-late');
  expect((await mended.listUserConnections(user)).map(({ status }) => status)).toEqual(['active']);
  expect(server.requestsTo('/token').filter(({ form }) => form.get('grant_type') === 'refresh_token')).toHaveLength(1);
});

it('waits as well while its record is of a form that only a later version can read', async () => {
  const { manager, store, server, arrive, logged } = await refreshUnderWay();
  await manager.pauseConnection(user, 'one');
  await manager.resumeConnection(user, 'one');
  const find = vi.spyOn(store.connections, 'find');
  find.mockRejectedValueOnce(new StoredTokenUnreadable('A stored record is of a later version.'));
  expect(await arrive()).toBe('at-late');
  expect(logged).toEqual(['a refreshed token set waits for the store']);
  expect(server.requestsTo('/token').filter(({ form }) => form.get('grant_type') === 'refresh_token')).toHaveLength(1);
});

it('is revoked after the person has disconnected', async () => {
  const { manager, arrive, revoked } = await refreshUnderWay();
  await manager.deleteToken(user, 'one');
  expect(await arrive()).toBeUndefined();
  expect(revoked()).toContain('rt-late');
});

it.each(['disconnected', 'been erased'])('leaves nothing to look after when the person has %s', async (how) => {
  const { manager, store, arrive } = await refreshUnderWay();
  await (how === 'disconnected' ? manager.deleteToken(user, 'one') : manager.eraseUser(user));
  await arrive();
  expect(await store.due.backlog(Number.MAX_SAFE_INTEGER)).toBe(0);
});

it('is revoked after the person has disconnected and connected anew, which goes on', async () => {
  const { manager, tokens, finish, arrive, revoked } = await refreshUnderWay();
  await manager.deleteToken(user, 'one');
  await finish();
  const anew = (await manager.requireToken(user, 'one')).accessToken.reveal();
  expect(await arrive()).toBe(anew);
  await expect.poll(revoked, { timeout: 10_000 }).toContain('rt-late');
  expect(tokens.isLive(anew)).toBe(true);
});

it('is revoked after the person has connected another account in its place', async () => {
  const { server, finish, arrive, revoked } = await refreshUnderWay();
  server.answer('/userinfo', { json: { sub: '4712' } });
  await finish();
  await arrive();
  await expect.poll(revoked, { timeout: 10_000 }).toContain('rt-late');
});

it('is dropped after the person has connected the same account again: there it may be the same grant', async () => {
  const { manager, finish, arrive, revoked } = await refreshUnderWay();
  await finish();
  await arrive();
  await manager.close();
  expect(revoked()).not.toContain('rt-late');
});

it('is left alone where the new grant has the same refresh token', async () => {
  const { manager, server, finish, arrive, revoked } = await refreshUnderWay();
  await manager.deleteToken(user, 'one');
  server.answer('/token', { json: { ...late, access_token: 'at-newer' } });
  await finish();
  expect(await arrive()).toBe('at-newer');
  await manager.close();
  expect(revoked()).not.toContain('rt-late');
});

it.each([
  ['has that account', undefined],
  ['may have it, since nobody knows whose either is', { status: 500 }],
])('is left alone where a revocation ends everything of a person, and the new grant %s', async (_title, userinfo) => {
  const { manager, finish, arrive, revoked } = await refreshUnderWay({ template: 'google' }, userinfo);
  await manager.deleteToken(user, 'one');
  await finish();
  await arrive();
  await manager.close();
  expect(revoked()).not.toContain('rt-late');
});
