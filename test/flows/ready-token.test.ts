/** A token that is handed out again without another look at its connection: only while nothing else could be answered. */

import { createHash } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { openManager } from '../../src/open-manager.js';
import { entryAt } from '../support/scripted-server.js';
import { openBrowserHalf, user } from './browser-half.js';

const bufferMs = 300_000;

/** A person whose token lasts for an hour, was handed out once, and is ready to be handed out again. */
async function openReady() {
  const half = await openBrowserHalf({}, { refreshBufferSeconds: bufferMs / 1000 });
  const { manager, server, clock } = half;
  server.answer('/token', { json: { access_token: 'newer', refresh_token: 'r2', expires_in: 7200 } });
  const endsAt = clock.now() + 3_600_123;
  const given = { provider: 'one', accessToken: 'older', refreshToken: 'r1', scopes: ['read'] };
  await manager.storeToken(user, { ...given, expiresAt: endsAt });
  const first = await manager.requireToken(user, 'one');
  const ask = async (options: Parameters<typeof manager.requireToken>[2] = {}) =>
    (await manager.getToken(user, 'one', options))?.accessToken.reveal();
  return { ...half, endsAt, first, ask };
}

it('is one object for all callers, and none of them can change it', async () => {
  const { manager, first } = await openReady();
  expect(await manager.requireToken(user, 'one')).toBe(first);
  expect(() => Object.assign(first, { tokenType: 'other' })).toThrow(TypeError);
  expect(() => Object.assign(first.scope, { 1: 'admin' })).toThrow(TypeError);
  expect(await manager.getToken(user, 'one', { scopes: ['admin'] })).toBeUndefined();
});

it('is looked at anew from the very millisecond on at which a refresh is due', async () => {
  const { clock, endsAt, ask } = await openReady();
  clock.set(endsAt - bufferMs - 1);
  expect([await ask(), await ask()]).toEqual(['older', 'older']);
  clock.set(endsAt - bufferMs);
  expect(await ask()).toBe('newer');
});

it.each([
  ['longer than it lasts', { minTtlSeconds: 3500 }],
  ['after it was rejected', { rejectedTokenSha256: createHash('sha256').update('older').digest('hex') }],
])('is not for whom wants one %s', async (_, wish) => {
  const { manager, clock, ask } = await openReady();
  clock.advance(200_000);
  expect(await ask()).toBe('older');
  const { rejectedTokenSha256, ...options } = { rejectedTokenSha256: undefined, ...wish };
  const token = await (rejectedTokenSha256
    ? manager.refreshToken(user, 'one', { rejectedTokenSha256 })
    : manager.requireToken(user, 'one', options));
  expect(token.accessToken.reveal()).toBe('newer');
  expect(await ask()).toBe('newer');
});

it('is not for a manager that counts it as due, on the same store', async () => {
  const { server, store, clock, endsAt, ask } = await openReady();
  clock.set(endsAt - 1_799_000);
  expect(await ask()).toBe('older');
  const other = await openManager({
    baseUrl: 'http://localhost:3000',
    providers: { one: entryAt(server.url) },
    encryptionKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    refreshBufferSeconds: 1799,
    store,
    now: clock.now,
    backgroundWork: false,
    allowInsecureLoopbackProviders: true,
  });
  expect((await other.requireToken(user, 'one')).accessToken.reveal()).toBe('newer');
  await other.close();
});

it('is noted as used again after a minute, and not before', async () => {
  const { store, clock, ask } = await openReady();
  const marked = vi.spyOn(store.connections, 'markUsed');
  clock.advance(59_999);
  await ask();
  expect(marked).not.toHaveBeenCalled();
  clock.advance(1);
  await ask();
  await ask();
  expect(marked).toHaveBeenCalledOnce();
});

it('is gone with its connection', async () => {
  const { manager, ask } = await openReady();
  await manager.pauseConnection(user, 'one');
  expect(await ask()).toBeUndefined();
  await manager.resumeConnection(user, 'one');
  expect(await ask()).toBe('older');
  await manager.deleteToken(user, 'one');
  expect(await ask()).toBeUndefined();
});
