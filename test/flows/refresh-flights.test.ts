/** Callers of one connection in one process share a flight, its failure too; and nobody's leaving ends it, nor the end of the process. */

import { createHash } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import { nextGeneration } from '../../src/core/connection.js';
import { defaultAccount, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { eventually } from '../support/redis.js';
import { holdBack } from '../support/scripted-server.js';
import { openBrowserHalf, settle, user } from './browser-half.js';

const hourMs = 3_600_000;
const ref = {
  owner: { tenant: defaultTenant, userId: userIdSchema.parse(user) },
  provider: providerIdSchema.parse('one'),
  account: defaultAccount,
};

/** A connection whose access token has so many ms left, and so has to be refreshed. */
async function openDue(leftMs: number) {
  const half = await openBrowserHalf();
  const { access_token: accessToken, refresh_token: refreshToken } = half.tokens.grant();
  const expiresAt = (half.clock.now() + hourMs) / 1000;
  await half.manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
  half.clock.advance(hourMs - leftMs);
  return { ...half, accessToken, ask: () => half.manager.requireToken(user, 'one') };
}

it('a refresh that fails has failed for all who waited for it, and the next caller tries anew (S0-13)', async () => {
  const { server, tokens, ask } = await openDue(-1);
  server.answer('/token', { status: 503 }, tokens.redeem);
  const { done, refusals } = await settle(Array.from({ length: 10 }, ask));
  expect([done, new Set(refusals.map(({ code }) => code))]).toEqual([0, new Set(['provider_unavailable'])]);
  expect(server.requestsTo('/token')).toHaveLength(1);
  expect(tokens.isLive((await ask()).accessToken.reveal())).toBe(true);
});

it('an answer whose caller went on with the live token is stored before the process ends (R20, F12)', async () => {
  const half = await openDue(60_000);
  const { manager, server, tokens, clock, accessToken, ask } = half;
  const { held, letGo } = holdBack(tokens.redeem);
  server.answer('/token', held);
  expect((await ask()).accessToken.reveal()).toBe(accessToken);
  const closed = manager.close();
  await eventually('it was sent', () => server.requestsTo('/token').length === 1);
  letGo();
  await closed;
  const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
  const store = await openStore({ dataDir: half.dataDir, encryptionKeys, now: clock.now });
  onTestFinished(() => store.close());
  const stored = await store.connections.find(ref);
  expect(tokens.isLive(stored?.connection.tokenSet.accessToken.reveal() ?? '')).toBe(true);
  expect(stored?.connection.tokenSet.accessToken.reveal()).not.toBe(accessToken);
});

it('an outage that is known costs the store nothing: no lease is taken for what would not be sent (R14)', async () => {
  const { server, store, ask } = await openDue(-1);
  server.answer('/token', { status: 503, headers: { 'retry-after': '60' } });
  await settle([ask()]);
  expect(await store.connections.findIntent(ref)).toBeUndefined();
  const begun = vi.spyOn(store.connections, 'beginRefresh');
  const { refusals } = await settle([ask()]);
  expect(refusals).toMatchObject([{ code: 'provider_unavailable' }]);
  expect(begun).not.toHaveBeenCalled();
  expect(server.requestsTo('/token')).toHaveLength(1);
});

it('a refresh that takes longer than its lease is prolonged: nobody else begins one (R2)', async () => {
  const { manager, server, store, clock, tokens, ask } = await openDue(-1);
  const { held, letGo } = holdBack(tokens.redeem);
  server.answer('/token', held);
  const renewed = vi.spyOn(store.connections, 'renewRefresh');
  const asked = ask();
  await eventually('it was sent', () => server.requestsTo('/token').length === 1);
  clock.advance(5_000);
  await eventually('the lease is prolonged', () => renewed.mock.settledResults[0]?.value === true);
  clock.advance(5_000);
  const intent = await store.connections.findIntent(ref);
  if (intent === undefined) throw new TypeError('there is no intent');
  const other = await store.connections.beginRefresh(ref, { ...intent, holder: 'other' }, { ms: 1_000 });
  expect(other).toMatchObject({ kind: 'busy' });
  letGo();
  await asked;
  await manager.close();
  expect(tokens.refreshCount()).toBe(1);
});

it('an answer that was lost says nothing about a connection that another process has found to be over (R12)', async () => {
  const { server, store, clock, ask } = await openDue(-1);
  const { held, letGo } = holdBack({ status: 500 });
  server.answer('/token', held);
  const asked = settle([ask()]);
  await eventually('it was sent', () => server.requestsTo('/token').length === 1);
  const stored = await store.connections.find(ref);
  if (stored === undefined) throw new TypeError('there is no connection');
  const { generation, connection } = stored;
  const since = clock.now();
  const state = { kind: 'needs_reauthorization', since, keepUntil: since + hourMs, error: 'invalid_grant' } as const;
  const next = { connection: { ...connection, state }, generation: nextGeneration(generation, since) };
  const put = { kind: 'put_connection', ...next, expect: generation } as const;
  expect(await store.connections.write(ref.owner, [put])).toBe('stored');
  letGo();
  await asked;
  expect((await store.connections.find(ref))?.connection.state).toEqual(state);
});

it('a token that was refused is not handed out because no better one is to be had now (A5)', async () => {
  const { manager, server, accessToken } = await openDue(hourMs - 1_000);
  server.answer('/token', { status: 503 });
  const rejectedTokenSha256 = createHash('sha256').update(accessToken).digest('hex');
  const asked = manager.refreshToken(user, 'one', { rejectedTokenSha256 });
  await expect(asked).rejects.toMatchObject({ code: 'provider_unavailable' });
});

it('a provider that is back is back also when what it said first is that one grant is over (R14, R17)', async () => {
  const { manager, server, tokens, clock, ask } = await openDue(-1);
  const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
  await manager.storeToken('chat:eve', { provider: 'one', accessToken, refreshToken, expiresAt: 1 });
  server.answer('/token', { status: 503, headers: { 'retry-after': '60' } });
  await settle([ask()]);
  clock.advance(60_000);
  server.answer('/token', { status: 400, json: { error: 'invalid_grant' } }, tokens.redeem);
  await expect(ask()).rejects.toMatchObject({ code: 'reauthorization_required' });
  expect(tokens.isLive((await manager.requireToken('chat:eve', 'one')).accessToken.reveal())).toBe(true);
});
