/** Grants that a provider refused though nobody ended them: sent again when the operator asks, forgotten after a day. */

import { createHash } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { eventually } from '../support/redis.js';
import { openBrowserHalf } from './browser-half.js';

const day = 24 * 3_600_000;
const people = ['chat:ada', 'chat:bob', 'chat:eve'];
const invalidGrant = { status: 400, json: { error: 'invalid_grant' } };

/** Three people whose provider refuses everybody, as one does that is asked with the client id of another app. */
async function openRefused(perSecond = 0) {
  const half = await openBrowserHalf({}, { refreshAhead: { concurrency: 2, perSecond } });
  const { manager, server, tokens, clock, events } = half;
  for (const user of people) {
    const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
    const expiresAt = Math.floor((clock.now() + 3_600_000) / 1_000);
    await manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
  }
  server.answer('/token', invalidGrant);
  clock.advance(3_600_000);
  for (const user of people) expect(await manager.getToken(user, 'one')).toBeUndefined();
  server.answer('/token', tokens.redeem);
  const told = async () =>
    (await events()).map(({ type }) => type).filter((type) => type.endsWith('needs_reauthorization'));
  const statuses = async () =>
    Promise.all(people.map(async (user) => (await manager.listUserConnections(user))[0]?.status));
  expect(await told()).toHaveLength(people.length);
  expect(await statuses()).toEqual(people.map(() => 'reauthorization_required'));
  return { ...half, told, statuses };
}

it('all work again once the provider is asked rightly, with one sending each', async () => {
  const { manager, tokens, statuses, told, server } = await openRefused();
  expect(await manager.retryRefused({ dryRun: true })).toEqual({ found: 3, revived: 0, refused: 0, failed: {} });
  expect(tokens.refreshCount()).toBe(0);
  expect(await manager.retryRefused()).toEqual({ found: 3, revived: 3, refused: 0, failed: {} });
  expect(tokens.refreshCount()).toBe(3);
  expect(await statuses()).toEqual(people.map(() => 'active'));
  for (const user of people) {
    const token = await manager.requireToken(user, 'one');
    expect(tokens.isLive(token.accessToken.reveal())).toBe(true);
  }
  expect(await told()).toHaveLength(3);
  expect(await manager.retryRefused()).toEqual({ found: 0, revived: 0, refused: 0, failed: {} });
  expect(server.requestsTo('/token')).toHaveLength(6);
});

it('goes to those alone that were named', async () => {
  const { manager, tokens, statuses } = await openRefused();
  const none = { found: 0, revived: 0, refused: 0, failed: {} };
  expect(await manager.retryRefused({ provider: 'two' })).toEqual(none);
  expect(await manager.retryRefused({ tenant: 'acme' })).toEqual(none);
  expect(await manager.retryRefused({ userId: 'chat:bob', tenant: 'acme' })).toEqual(none);
  expect(await manager.retryRefused({ userId: 'chat:bob' })).toMatchObject({ found: 1, revived: 1 });
  expect(await statuses()).toEqual(['reauthorization_required', 'active', 'reauthorization_required']);
  expect(await manager.retryRefused({ tenant: 'default', provider: 'one' })).toMatchObject({ found: 2, revived: 2 });
  expect(tokens.refreshCount()).toBe(3);
  await expect(manager.retryRefused({ provider: 'no such id' })).rejects.toMatchObject({ code: 'invalid_request' });
});

it('who is refused again stays so, and is not told again', async () => {
  const { manager, server, statuses, told } = await openRefused();
  server.answer('/token', invalidGrant);
  expect(await manager.retryRefused()).toEqual({ found: 3, revived: 0, refused: 3, failed: {} });
  expect(await statuses()).toEqual(people.map(() => 'reauthorization_required'));
  expect(await told()).toHaveLength(3);
});

it('who disconnects meanwhile is not counted as refused', async () => {
  const { manager, server, tokens } = await openRefused();
  const [ada, ...others] = people;
  server.answer('/token', async (request) => {
    await manager.deleteToken(ada ?? '', 'one');
    return typeof tokens.redeem === 'function' ? tokens.redeem(request) : tokens.redeem;
  });
  const report = await manager.retryRefused({ userId: ada });
  expect(report).toEqual({ found: 1, revived: 0, refused: 0, failed: {} });
  expect(await manager.retryRefused()).toMatchObject({ found: others.length, revived: others.length });
});

it.each([
  ['refuses our client', { status: 401, json: { error: 'invalid_client' } }, 'provider_misconfigured'],
  ['does not answer', { cut: 'at_once' }, 'provider_unavailable'],
] as const)('one that %s changes nobody, and may be asked again', async (_name, answer, code) => {
  const { manager, server, tokens, clock, statuses, told } = await openRefused();
  server.answer('/token', answer);
  expect(await manager.retryRefused()).toEqual({ found: 3, revived: 0, refused: 0, failed: { [code]: 3 } });
  expect(await statuses()).toEqual(people.map(() => 'reauthorization_required'));
  server.answer('/token', tokens.redeem);
  clock.advance(120_000);
  // The first is the probe of the circuit, and who comes beside it is told to come again.
  const [probe, others] = [await manager.retryRefused(), await manager.retryRefused()];
  expect(probe.revived).toBeGreaterThan(0);
  expect(probe.revived + others.revived).toBe(3);
  expect(await told()).toHaveLength(3);
});

it('one that is not configured any more is named as such, and changes nobody', async () => {
  const { store, clock, statuses } = await openRefused();
  const { manager } = await openBrowserHalf({}, { store, now: clock.now, providers: {} });
  const report = { found: 3, revived: 0, refused: 0, failed: { unknown_provider: 3 } };
  expect(await manager.retryRefused()).toEqual(report);
  expect(await statuses()).toEqual(people.map(() => 'reauthorization_required'));
});

it('one is asked no more often a second than grants are refreshed ahead', async () => {
  const { manager, server, tokens } = await openRefused(5);
  let lastAt = 0;
  server.answer('/token', (request) => {
    lastAt = performance.now();
    return typeof tokens.redeem === 'function' ? tokens.redeem(request) : tokens.redeem;
  });
  const startedAt = performance.now();
  expect(await manager.retryRefused()).toMatchObject({ revived: 3 });
  expect(lastAt - startedAt).toBeGreaterThan(390);
});

it('an interruption begins no other', async () => {
  const { manager, tokens } = await openRefused();
  const ending = new AbortController();
  const reports: object[] = [];
  const onProgress = (sofar: object) => {
    ending.abort();
    reports.push(sofar);
  };
  const report = await manager.retryRefused({ signal: ending.signal, onProgress });
  expect(reports.at(-1)).toEqual(report);
  expect(report.revived).toBe(report.found);
  expect(report.found).toBeLessThan(3);
  expect(tokens.refreshCount()).toBe(report.found);
});

it('after a day there is nothing left to send, and the refresh token is forgotten (threats R13)', async () => {
  const { manager, clock, store, statuses } = await openRefused();
  const hasRefreshToken = async () =>
    Promise.all(people.map(async (user) => (await manager.listUserConnections(user))[0]?.hasRefreshToken));
  const claimed = vi.spyOn(store.due, 'claim');
  manager.startBackgroundWork();
  await eventually('the worker has looked', () => claimed.mock.calls.length > 0);
  expect(await Promise.all(claimed.mock.results.map(({ value }) => value))).toContainEqual([]);
  clock.advance(day - 1);
  expect(await manager.retryRefused({ dryRun: true })).toMatchObject({ found: 3 });
  expect(await hasRefreshToken()).toEqual([true, true, true]);
  clock.advance(1);
  expect(await manager.retryRefused()).toEqual({ found: 0, revived: 0, refused: 0, failed: {} });
  expect(await hasRefreshToken()).toEqual([true, true, true]);
  clock.advance(60_000);
  await eventually('they are forgotten', async () => !(await hasRefreshToken()).includes(true));
  expect(await statuses()).toEqual(people.map(() => 'reauthorization_required'));
  await eventually('nothing is due', async () => (await store.due.claim(Date.UTC(2100, 0), 10, 1)).length === 0);
});

it('is forgotten also where the access token has no end, so that nothing was due', async () => {
  const { manager, server, tokens, clock } = await openBrowserHalf(
    {},
    { refreshAhead: { concurrency: 2, perSecond: 0 } },
  );
  const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
  await manager.storeToken('chat:ada', { provider: 'one', accessToken, refreshToken });
  server.answer('/token', invalidGrant);
  const rejectedTokenSha256 = createHash('sha256').update(accessToken).digest('hex');
  await expect(manager.refreshToken('chat:ada', 'one', { rejectedTokenSha256 })).rejects.toMatchObject({
    code: 'reauthorization_required',
  });
  const hasRefreshToken = async () => (await manager.listUserConnections('chat:ada'))[0]?.hasRefreshToken;
  expect(await hasRefreshToken()).toBe(true);
  clock.advance(day + 60_000);
  manager.startBackgroundWork();
  await eventually('it is forgotten', async () => !(await hasRefreshToken()));
});

it('a person who connects anew while the old refresh token is forgotten stays in the due index', async () => {
  const { manager, tokens, clock, store } = await openRefused();
  clock.advance(day + 60_000);
  const { claim } = store.due;
  vi.spyOn(store.due, 'claim').mockImplementationOnce(async (...wanted) => {
    const claimed = await claim(...wanted);
    const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
    const expiresAt = Math.floor(clock.now() / 1_000) + 3_600;
    await manager.storeToken('chat:ada', { provider: 'one', accessToken, refreshToken, expiresAt });
    return claimed;
  });
  const settled = vi.spyOn(store.due, 'settle');
  manager.startBackgroundWork();
  await eventually('the worker has looked at each', () => settled.mock.calls.length === people.length);
  await Promise.all(settled.mock.results.map(({ value }) => value));
  const due = await claim(clock.now() + day, 10, 1);
  expect(due.map(({ stored }) => stored?.connection.userId)).toEqual(['chat:ada']);
});
