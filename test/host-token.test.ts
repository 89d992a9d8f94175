/** A token that the host got by itself is stored in whichever of the usual forms the host has it. */

import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../src/core/secret.js';
import { openManager } from '../src/open-manager.js';
import { localManagerOptions } from './support/local-manager.js';

const now = 1_800_000_000_000;
const token = { provider: 'github', accessToken: 'at' };
const manager = await openManager({ ...localManagerOptions(), now: () => now });
afterAll(() => manager.close());

describe('the end of a stored token', () => {
  it.each([
    ['seconds', now / 1000 + 60, now + 60_000],
    ['seconds with a fraction', now / 1000 + 60.0005, now + 60_000],
    ['milliseconds, as in a token set', now + 60_000, now + 60_000],
    ['0 for never', 0, undefined],
    ['null for never', null, undefined],
    ['nothing for never', undefined, undefined],
  ])('may be given as %s', async (_name, expiresAt, end) => {
    await manager.storeToken('ends', { ...token, expiresAt });
    expect((await manager.getToken('ends', 'github'))?.expiresAt).toBe(end);
  });

  it.each([
    ['seconds from now', { expiresIn: 3600 }],
    ['seconds from now, as a provider names it', { expires_in: 3600 }],
    ['seconds from now, as text', { expires_in: '3600' }],
    ['seconds, as the API names it', { expires_at: now / 1000 + 3600 }],
    ['seconds, as text', { expires_at: String(now / 1000 + 3600) }],
    ['both, which agree by the clock of the host only', { expiresAt: now / 1000 + 3600, expiresIn: 60 }],
  ])('may also be given as %s', async (_name, given) => {
    await manager.storeToken('ends', { ...token, ...given });
    expect((await manager.getToken('ends', 'github'))?.expiresAt).toBe(now + 3_600_000);
  });
});

it.each([
  ['a provider has answered it', { expires_in: 3600, scope: 'gist,repo', token_type: 'Bearer', id_token: 'ignored' }],
  ['a record of it was kept (S2-06)', { expires_at: now / 1000 + 3600, scopes: ['gist', 'repo'] }],
])('a token may be stored as %s', async (_title, answer) => {
  const kept = { provider: 'github', access_token: 'at', refresh_token: 'rt', ...answer };
  await manager.storeToken('as-answered', kept);
  const { accessToken, tokenType, expiresAt, scope } = await manager.requireToken('as-answered', 'github');
  expect([accessToken.reveal(), tokenType, expiresAt, scope]).toEqual([
    'at',
    'Bearer',
    now + 3_600_000,
    ['gist', 'repo'],
  ]);
  expect(await manager.listUserConnections('as-answered')).toMatchObject([{ hasRefreshToken: true }]);
});

it('an empty refresh token of a record is none', async () => {
  await manager.storeToken('no-refresh', { provider: 'github', access_token: 'at', refresh_token: '', expires_at: 0 });
  expect(await manager.listUserConnections('no-refresh')).toMatchObject([{ hasRefreshToken: false, status: 'active' }]);
});

it('what exchangeCode answers can be spread into storeToken', async () => {
  const tokenSet = {
    accessToken: new Secret('the access token'),
    refreshToken: new Secret('the refresh token'),
    tokenType: 'bearer',
    expiresAt: now + 60_000,
    obtainedAt: now,
    scope: ['repo', 'gist'],
  };
  await manager.storeToken('spread', { provider: 'github', ...tokenSet });
  const stored = await manager.requireToken('spread', 'github', { scopes: ['gist'] });
  expect([stored.accessToken.reveal(), stored.tokenType, stored.expiresAt]).toEqual([
    'the access token',
    'bearer',
    now + 60_000,
  ]);
  expect(await manager.listUserConnections('spread')).toMatchObject([{ hasRefreshToken: true }]);
});
