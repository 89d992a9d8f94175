/** The worker over the due index, where the connection that it looks after goes and comes meanwhile. */

import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { defaultAccount } from '../../src/core/identifiers.js';
import { parseOwner, parseProviderId } from '../../src/core/parse-input.js';
import { eventually } from '../support/redis.js';
import { openBrowserHalf, user } from './browser-half.js';

/** Something to wait for, and what ends the waiting. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

it('a connection that was made anew while the answer for its predecessor is revoked stays in the due index (R19)', async () => {
  const background = { backgroundWork: true, refreshAhead: { concurrency: 1, perSecond: 0 } };
  const noProof = { connectProof: 'none', unsafeConnectWithoutProof: true } as const;
  const { manager, server, store, clock, finish } = await openBrowserHalf({}, { ...background, ...noProof });
  const [refresh, revocation] = [gate(), gate()];
  await finish();
  const tokens = { access_token: 'at-new', refresh_token: 'rt-new', expires_in: 3600 };
  server.answer('/token', { json: tokens, after: refresh.opened }, { json: { ...tokens, access_token: 'at-anew' } });
  server.answer('/revoke', { status: 200 }, { status: 200, after: revocation.opened });
  const settled = vi.spyOn(store.due, 'settle');
  clock.advance(3_600_000);
  await eventually('it is refreshed ahead', () => server.requestsTo('/token').length === 2);
  await manager.deleteToken(user, 'one');
  refresh.open();
  await eventually('the fresh tokens are being revoked', () => server.requestsTo('/revoke').length === 2);
  await finish();
  revocation.open();
  await eventually('the worker is done with it', () => settled.mock.calls.length === 1);
  await settled.mock.results[0]?.value;
  expect(await store.due.claim(Date.UTC(2100, 0), 10, 1)).toMatchObject([{ stored: { connection: { userId: user } } }]);
});

describe('an entry that somebody moves while it is looked at', () => {
  const hourMs = 3_600_000;

  /** A worker whose first look is at a place that is due, and during which the person connects (again). */
  async function openLooking(before: { readonly leftMs: number } | undefined, meanwhile: { readonly leftMs: number }) {
    const background = { refreshAhead: { concurrency: 1, perSecond: 0 } };
    const { manager, tokens, store, clock } = await openBrowserHalf({}, background);
    const connect = ({ leftMs }: { readonly leftMs: number }) => {
      const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
      const expiresAt = Math.floor((clock.now() + leftMs) / 1000);
      return manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
    };
    if (before !== undefined) await connect(before);
    const { owner, provider } = { owner: parseOwner(user, undefined), provider: parseProviderId('one') };
    await store.due.schedule({ owner, provider, account: defaultAccount }, clock.now());
    const claim = store.due.claim.bind(store.due);
    vi.spyOn(store.due, 'claim').mockImplementationOnce(async (...claimed) => {
      const entries = await claim(...claimed);
      await connect(meanwhile);
      return entries;
    });
    const settled = vi.spyOn(store.due, 'settle');
    manager.startBackgroundWork();
    await eventually('the worker has looked', () => settled.mock.calls.length === 1);
    await settled.mock.results[0]?.value;
    return { due: (ms: number) => store.due.claim(clock.now() + ms, 10, 1) };
  }

  it('stays in the index, though nothing was there before', async () => {
    const { due } = await openLooking(undefined, { leftMs: hourMs });
    expect(await due(hourMs)).toMatchObject([{ stored: { connection: { userId: user } } }]);
  });

  it('comes when the new token wants it, not when the old one did', async () => {
    const { due } = await openLooking({ leftMs: 24 * hourMs }, { leftMs: hourMs });
    expect(await due(hourMs)).toMatchObject([{ stored: { connection: { userId: user } } }]);
  });
});

describe('a refresh that a caller asked for', () => {
  it('moves the next look to when the new token is due', async () => {
    const { manager, tokens, store, clock } = await openBrowserHalf();
    const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
    const expiresAt = Math.floor(clock.now() / 1000) + 600;
    await manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
    clock.advance(550_000);
    expect((await manager.requireToken(user, 'one')).accessToken.reveal()).not.toBe(accessToken);
    expect(await store.due.claim(clock.now() + 60_000, 10, 1)).toEqual([]);
    expect(await store.due.claim(clock.now() + 3_600_000, 10, 1)).toHaveLength(1);
  });

  it('lets the next one begin at once', async () => {
    const { manager, tokens } = await openBrowserHalf();
    const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
    await manager.storeToken(user, { provider: 'one', accessToken, refreshToken });
    let held = accessToken;
    for (let round = 0; round < 2; round += 1) {
      const rejectedTokenSha256 = createHash('sha256').update(held).digest('hex');
      const token = await manager.refreshToken(user, 'one', { rejectedTokenSha256 });
      expect(token.accessToken.reveal()).not.toBe(held);
      held = token.accessToken.reveal();
    }
    expect(tokens.refreshCount()).toBe(2);
  });

  it.each([
    ['refused', { status: 400, json: { error: 'invalid_grant' } }],
    ['answered by a fault', { status: 500 }],
  ])('and was %s after somebody had connected anew holds nobody up', async (_title, answer) => {
    const { manager, server, tokens, clock } = await openBrowserHalf();
    const connect = () => {
      const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
      const expiresAt = clock.now() / 1000 - 1;
      return manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
    };
    const release = gate();
    server.answer('/token', { ...answer, after: release.opened }, tokens.redeem);
    await connect();
    const late = manager.requireToken(user, 'one').catch(() => undefined);
    await eventually('the refresh token was sent', () => server.requestsTo('/token').length === 1);
    await connect();
    release.open();
    await late;
    expect(tokens.isLive((await manager.requireToken(user, 'one')).accessToken.reveal())).toBe(true);
  });
});

it('where refresh tokens must be used rarely (Apple), tokens are refreshed when a caller asks, and not ahead', async () => {
  const { manager, server, tokens, store, clock } = await openBrowserHalf({ template: 'apple' });
  const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
  const expiresAt = Math.floor(clock.now() / 1000) + 3600;
  await manager.storeToken(user, { provider: 'one', accessToken, refreshToken, expiresAt });
  clock.advance(3_600_000);
  expect(await store.due.claim(clock.now(), 10, 1)).toEqual([]);
  const { owner, provider } = { owner: parseOwner(user, undefined), provider: parseProviderId('one') };
  // As an earlier version has entered it.
  await store.due.schedule({ owner, provider, account: defaultAccount }, clock.now());
  const settled = vi.spyOn(store.due, 'settle');
  manager.startBackgroundWork();
  await eventually('the worker has looked', () => settled.mock.calls.length === 1);
  expect(server.requestsTo('/token')).toEqual([]);
  await manager.requireToken(user, 'one');
  expect(server.requestsTo('/token')).toHaveLength(1);
});

describe('what is not refreshed now', () => {
  const minuteMs = 60_000;

  /** A worker with so many connections that are due, each of another user. */
  async function openWithDue(count: number, refreshAhead: { concurrency: number; perSecond: number }) {
    const half = await openBrowserHalf({}, { refreshAhead });
    const { manager, tokens, store, clock } = half;
    for (let number = 0; number < count; number += 1) {
      const { access_token: accessToken, refresh_token: refreshToken } = tokens.grant();
      const expiresAt = clock.now() / 1000 - 1;
      await manager.storeToken(`user-${number}`, { provider: 'one', accessToken, refreshToken, expiresAt });
    }
    const settled = vi.spyOn(store.due, 'settle');
    const settles = async (times: number) => {
      await eventually(`so many are settled: ${times}`, () => settled.mock.calls.length === times);
      await Promise.all(settled.mock.results.map(({ value }) => value));
    };
    return { ...half, settles, dueWithin: (ms: number) => store.due.claim(clock.now() + ms, 100, 1) };
  }

  it('for want of an answer comes back, but not all of it together (R17)', async () => {
    const { manager, server, settles, dueWithin } = await openWithDue(20, { concurrency: 20, perSecond: 0 });
    server.answer('/token', { status: 500 });
    manager.startBackgroundWork();
    await settles(20);
    expect(await dueWithin(0.7 * minuteMs)).toEqual([]);
    const early = await dueWithin(minuteMs - 1);
    expect(early.length).toBeGreaterThan(0);
    expect(early.length).toBeLessThan(20);
    expect(await dueWithin(1.3 * minuteMs)).toHaveLength(20);
  });

  it('since its turn is far away goes back into the index, for whoever is free by then (R17)', async () => {
    const { manager, tokens, settles, dueWithin } = await openWithDue(3, { concurrency: 3, perSecond: 1 / 60 });
    manager.startBackgroundWork();
    await settles(2);
    await eventually('the first is refreshed', () => tokens.refreshCount() === 1);
    expect(await dueWithin(0.7 * minuteMs)).toEqual([]);
    expect(await dueWithin(1.3 * minuteMs)).toHaveLength(2);
  });

  it('since this process ends is due at once for another one (F12)', async () => {
    const { manager, tokens, settles, dueWithin } = await openWithDue(2, { concurrency: 2, perSecond: 1 / 15 });
    manager.startBackgroundWork();
    await eventually('the first is refreshed', () => tokens.refreshCount() === 1);
    manager.stopRefreshing();
    await settles(1);
    expect(await dueWithin(0)).toHaveLength(1);
    expect(tokens.refreshCount()).toBe(1);
  });
});
