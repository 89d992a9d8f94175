/** A refresh that another process began: waited for while it lives, taken over when it died, and not sent again unsafely. */

import { expect, it, vi } from 'vitest';
import { nextGeneration, type StoredConnection } from '../../src/core/connection.js';
import { defaultAccount, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import { eventually } from '../support/redis.js';
import { holdBack } from '../support/scripted-server.js';
import { openBrowserHalf, user } from './browser-half.js';

const hourMs = 3_600_000;
const leaseMs = 6_000;
const deadlineMs = 15_000;
const ref = {
  owner: { tenant: defaultTenant, userId: userIdSchema.parse(user) },
  provider: providerIdSchema.parse('one'),
  account: defaultAccount,
};

/** A connection whose access token has so many ms left, and another process that begins to refresh it. */
async function begunElsewhere(refresh_reuse: 'none' | 'grace' | 'strict', leftMs: number) {
  const half = await openBrowserHalf({ refresh_reuse, ...(refresh_reuse === 'grace' && { refresh_reuse_grace: 60 }) });
  const { manager, store, clock, tokens } = half;
  const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
  const expiresAt = (clock.now() + hourMs) / 1000;
  await manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
  clock.advance(hourMs - leftMs);
  const stored = await store.connections.find(ref);
  if (stored === undefined) throw new TypeError('there is no connection');
  const startedAt = clock.now();
  const intent = {
    generation: stored.generation,
    holder: 'other',
    startedAt,
    deadline: startedAt + deadlineMs,
    attempt: 1,
  };
  await store.connections.beginRefresh(ref, intent, { ms: leaseMs });
  const ask = async () => (await manager.requireToken(user, 'one')).accessToken.reveal();
  const begun = vi.spyOn(store.connections, 'beginRefresh');
  /** Resolves when whoever asks has tried to get the lease. */
  const tried = () => eventually('it wants the lease', () => begun.mock.settledResults[0]?.type === 'fulfilled');
  return { ...half, stored, intent, accessToken, ask, tried };
}

/** What the other process brings after all. */
function commitLate({ store, clock }: Awaited<ReturnType<typeof openBrowserHalf>>, stored: StoredConnection) {
  const { connection, generation: expect } = stored;
  const tokenSet = { ...connection.tokenSet, accessToken: new Secret('at-late'), expiresAt: clock.now() + hourMs };
  const next = { connection: { ...connection, tokenSet }, generation: nextGeneration(expect, clock.now()) };
  return store.connections.write(ref.owner, [{ kind: 'put_connection', ...next, expect }], { ref, holder: 'other' });
}

it('strict: once it has died the live token is served, nothing is sent, and what it began stands (R6)', async () => {
  const { store, clock, tokens, accessToken, intent, ask } = await begunElsewhere('strict', 60_000);
  clock.advance(leaseMs + 1);
  for (let time = 0; time < 2; time += 1) expect(await ask()).toBe(accessToken);
  expect(tokens.refreshCount()).toBe(0);
  expect(await store.connections.findIntent(ref)).toEqual(intent);
});

it('without rotation: once it has died the refresh token is sent again (R6)', async () => {
  const { clock, tokens, accessToken, ask } = await begunElsewhere('none', -1);
  clock.advance(leaseMs + 1);
  expect(await ask()).not.toBe(accessToken);
  expect(tokens.refreshCount()).toBe(1);
});

it('an answer that it brings when its time is over is used: whoever takes over waits for it before sending (R7)', async () => {
  const half = await begunElsewhere('strict', -1);
  const { clock, stored, tokens, ask, tried } = half;
  clock.advance(deadlineMs + 1);
  const asked = ask();
  await tried();
  expect(await commitLate(half, stored)).toBe('stored');
  expect(await asked).toBe('at-late');
  expect(tokens.refreshCount()).toBe(0);
});

it('grace: who stood still while it waited for such an answer weighs anew, and sends nothing outside the window (R5)', async () => {
  const { manager, clock, tokens, accessToken, ask, tried } = await begunElsewhere('grace', 200_000);
  clock.advance(deadlineMs + 1);
  const asked = ask();
  await tried();
  clock.advance(60_000);
  expect(await asked).toBe(accessToken);
  await manager.close();
  expect(tokens.refreshCount()).toBe(0);
});

it('grace: a sending of which nobody knows the end is not forgotten because the one after it was turned away (R5)', async () => {
  const { server, clock, tokens, accessToken, ask } = await begunElsewhere('grace', 200_000);
  clock.advance(leaseMs + 1);
  server.answer('/token', { status: 503 });
  expect(await ask()).toBe(accessToken);
  expect(server.requestsTo('/token')).toHaveLength(1);
  server.answer('/token', tokens.redeem);
  clock.advance(120_000);
  expect(await ask()).toBe(accessToken);
  expect(tokens.refreshCount()).toBe(0);
});

it('grace: who sends once more says so before it sends, so that nobody sends a third time (R5)', async () => {
  const { server, store, clock, tokens, accessToken, ask } = await begunElsewhere('grace', 200_000);
  clock.advance(leaseMs + 1);
  const { held, letGo } = holdBack(tokens.redeem);
  server.answer('/token', held);
  const asked = ask();
  await eventually('it was sent', () => server.requestsTo('/token').length === 1);
  const own = { attempt: 2, startedAt: clock.now(), deadline: clock.now() + deadlineMs };
  expect(await store.connections.findIntent(ref)).toMatchObject({ ...own, holder: expect.not.stringMatching('other') });
  letGo();
  expect(await asked).not.toBe(accessToken);
});

/** Whoever writes its so manieth intent stands still before it hears of it, so that its sending would come too late. */
function standStill({ clock, store }: Awaited<ReturnType<typeof openBrowserHalf>>, turn: 1 | 2): void {
  const { connections } = store;
  const begin = connections.beginRefresh;
  let turns = 0;
  connections.beginRefresh = async (...what) => {
    const begun = await begin.apply(connections, what);
    turns += 1;
    if (turns === turn) clock.advance(10_000);
    return begun;
  };
}

it('grace: who stood still before it sent once more does not forget the sending before it (R4, R5)', async () => {
  const half = await begunElsewhere('grace', 200_000);
  half.clock.advance(leaseMs + 1);
  standStill(half, 2);
  expect(await half.ask()).toBe(half.accessToken);
  expect(half.tokens.refreshCount()).toBe(0);
});

it('strict: who stood still before it sent anything leaves nothing that would keep others from sending (R4)', async () => {
  const half = await openBrowserHalf({ refresh_reuse: 'strict' });
  const { manager, clock, tokens } = half;
  const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
  await manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt: clock.now() / 1000 + 3_600 });
  clock.advance(hourMs - 60_000);
  standStill(half, 1);
  expect((await manager.requireToken(user, 'one')).accessToken.reveal()).not.toBe(accessToken);
  expect(tokens.refreshCount()).toBe(1);
});

it('without rotation: a refusal that comes after another process has stored a newer token ends nothing (R12)', async () => {
  const half = await begunElsewhere('none', -1);
  const { manager, server, clock, stored, ask } = half;
  clock.advance(leaseMs + 1);
  let letGo: (value?: unknown) => void = () => undefined;
  const held = new Promise((resolve) => (letGo = resolve));
  server.answer('/token', { after: held, status: 400, json: { error: 'invalid_grant' } });
  const asked = ask();
  await eventually('it was sent', () => server.requestsTo('/token').length === 1);
  expect(await commitLate(half, stored)).toBe('stored');
  letGo();
  expect(await asked).toBe('at-late');
  expect(await manager.listUserConnections(user)).toMatchObject([{ status: 'active' }]);
});

it('while it lives nothing is sent, and who has no live token is told to come again in the end', async () => {
  const { clock, tokens, store, ask, tried } = await begunElsewhere('none', -1);
  await store.connections.renewRefresh(ref, 'other', hourMs);
  const refused = expect(ask()).rejects.toMatchObject({ code: 'provider_unavailable', reached: 'no' });
  await tried();
  clock.advance(deadlineMs);
  await refused;
  expect(tokens.refreshCount()).toBe(0);
});

it('a connection that is removed while it is waited for is not connected', async () => {
  const { store, tokens, ask, tried } = await begunElsewhere('none', -1);
  const refused = expect(ask()).rejects.toMatchObject({ code: 'not_connected' });
  await tried();
  await store.connections.erase(ref.owner);
  await refused;
  expect(tokens.refreshCount()).toBe(0);
});

it('a refresh that succeeds leaves nothing of an earlier one whose answer was lost', async () => {
  const { manager, server, store, clock, tokens } = await openBrowserHalf({ refresh_reuse: 'grace' });
  const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
  await manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt: clock.now() / 1000 - 1 });
  server.answer('/token', { status: 500 }, tokens.redeem);
  const state = async () => (await store.connections.find(ref))?.connection.state.kind;
  await expect(manager.requireToken(user, 'one')).rejects.toMatchObject({ code: 'provider_unavailable' });
  expect(await state()).toBe('uncertain');
  expect(tokens.isLive((await manager.requireToken(user, 'one')).accessToken.reveal())).toBe(true);
  expect(await state()).toBe('active');
});
