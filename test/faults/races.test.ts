/** Many callers, slow providers, frozen and late processes: one redemption, and whoever has the newest tokens wins. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openStore } from '../../src/open-store.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import { ask, connect, makePlace, openBench, openNodes, openProvider, storeKinds } from './stage.js';

const endedMs = -10_000;

describe.each(storeKinds)('on the %s store', (kind) => {
  it('R1: 210 callers of 3 processes cost one redemption and get the same token', async () => {
    const provider = await openProvider({ delayMs: 150 });
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const nodes = await openNodes(place, provider);
    const answers = await Promise.all(nodes.map((node) => node.ask('many', { users: ['u'], count: 70 })));
    expect(answers.flatMap(({ failed }) => failed)).toEqual([]);
    expect(new Set(answers.flatMap(({ tokens }) => tokens)).size).toBe(1);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });

  it('R2: a provider slower than the lease is asked once, since the lease is renewed', async () => {
    const provider = await openProvider({ delayMs: 8_000 });
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const nodes = await openNodes(place, provider, 2);
    const first = nodes[0]?.ask('token', { user: 'u' });
    // The lease of the first would have ended by then.
    await sleep(6_500);
    const second = nodes[1]?.ask('token', { user: 'u' });
    expect((await first)?.token).toBe((await second)?.token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });

  it('R4: a frozen holder of a strict refresh token is waited for, and its late answer is stored', async () => {
    const provider = await openProvider({ delayMs: 200 });
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const [frozen, other] = await openNodes(place, provider, 2);
    const first = frozen?.ask('token', { user: 'u' });
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    frozen?.freeze();
    const second = other?.ask('token', { user: 'u' });
    // Beyond the lease of 6 s, before the intent's deadline of 15 s.
    await sleep(7_500);
    expect(provider.seen.redemptions).toBe(1);
    frozen?.thaw();
    const token = (await second)?.token ?? '';
    expect((await first)?.token).toBe(token);
    expect(provider.honours(token)).toBe(true);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 30_000);
});

it('R4: a process that stood still between intent and sending until others may send sends nothing', async () => {
  const provider = await openProvider();
  const place = await makePlace('embedded');
  const store = await openStore(managerOn(place, provider.entry));
  const bench = await openBench(place, provider, { store });
  await connect(bench, provider, { user: 'u', leftMs: endedMs });
  const begin = store.connections.beginRefresh.bind(store.connections);
  vi.spyOn(store.connections, 'beginRefresh').mockImplementationOnce(async (...what) => {
    const begun = await begin(...what);
    bench.clock.advance(20_000);
    return begun;
  });
  expect(await ask(bench, 'u')).toBe('provider_unavailable');
  expect(provider.seen.redemptions).toBe(0);
  expect(provider.honours(await ask(bench, 'u'))).toBe(true);
  expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
});

it.each(storeKinds)(
  'R3: a frozen holder of a token with grace is overtaken, and its late answer is dropped, not revoked, on the %s store',
  async (kind) => {
    const provider = await openProvider({ reuse: 'grace', delayMs: 200 });
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const [frozen, other] = await openNodes(place, provider, 2);
    const first = frozen?.ask('token', { user: 'u' });
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    frozen?.freeze();
    const second = (await other?.ask('token', { user: 'u' }))?.token;
    expect(provider.seen.redemptions).toBe(2);
    frozen?.thaw();
    expect((await first)?.token).toBe(second);
    expect(provider.honours(second ?? '')).toBe(true);
    expect(provider.seen.revocations).toBe(0);
  },
  30_000,
);

it.each(storeKinds)(
  'R12: a refusal that comes after somebody else has stored newer tokens ends nothing, on the %s store',
  async (kind) => {
    const provider = await openProvider();
    const bench = await openBench(await makePlace(kind), provider);
    const { refreshToken } = await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const open = provider.hold();
    provider.end(refreshToken);
    const refused = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    const newer = await connect(bench, provider, { user: 'u', leftMs: 3_600_000 });
    open();
    expect(await refused).toBe(newer.accessToken);
    const [summary] = await bench.manager.listUserConnections('u');
    expect(summary?.status).toBe('active');
  },
);

describe.each(storeKinds)('R19: during a refresh on the %s store', (kind) => {
  it('a disconnect wins: nothing comes back, and the fresh tokens are revoked', async () => {
    const provider = await openProvider();
    const bench = await openBench(await makePlace(kind), provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const open = provider.hold();
    const waiting = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await bench.manager.deleteToken('u', 'rotating');
    const before = provider.seen.revocations;
    open();
    expect(await waiting).toBe('none');
    await eventually('the fresh tokens are revoked', () => provider.seen.revocations > before);
    expect(await bench.manager.listUserConnections('u')).toEqual([]);
  });

  it('a reconnect wins, and its tokens are served at once and looked after', async () => {
    const provider = await openProvider();
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const open = provider.hold();
    const waiting = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    const newer = await connect(bench, provider, { user: 'u', leftMs: 1_200_000 });
    expect(await ask(bench, 'u')).toBe(newer.accessToken);
    open();
    expect(await waiting).toBe(newer.accessToken);
    expect(await ask(bench, 'u')).toBe(newer.accessToken);
    const store = await openStore(managerOn(place, provider.entry));
    onTestFinished(() => store.close());
    // The answer that was dropped lasts for an hour.
    expect(await store.due.claim(Date.now() + 1_200_000, 1, 1)).toMatchObject([
      { stored: { connection: { userId: 'u' } } },
    ]);
  });
});

it('R19: a reconnect that brings the same refresh token wins over the answer to an older request', async () => {
  const provider = await openProvider({ reuse: 'none' });
  const bench = await openBench(await makePlace('embedded'), provider);
  const { refreshToken } = await connect(bench, provider, { user: 'u', leftMs: endedMs });
  const open = provider.hold();
  const waiting = ask(bench, 'u');
  await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
  bench.clock.advance(1);
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  const newer = { provider: 'rotating', accessToken: 'at-of-the-reconnect', refreshToken, expiresAt };
  await bench.manager.storeToken('u', newer);
  open();
  expect(await waiting).toBe(newer.accessToken);
  expect(await ask(bench, 'u')).toBe(newer.accessToken);
});

it.each(storeKinds)('R21: marks of use during a refresh cannot fail its commit, on the %s store', async (kind) => {
  const provider = await openProvider({ delayMs: 300 });
  const place = await makePlace(kind);
  const bench = await openBench(place, provider);
  await connect(bench, provider, { user: 'u', leftMs: 60_000 });
  const other = await openBench(place, provider);
  for (const { clock } of [bench, other]) clock.advance(40_000);
  const writing = Array.from({ length: 200 }, async () => {
    await sleep(Math.random() * 400);
    return ask(other, 'u');
  });
  const answers = new Set(await Promise.all(writing));
  expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  expect([...answers].every((token) => token.startsWith('at-'))).toBe(true);
  expect(await ask(bench, 'u')).toBe(await ask(other, 'u'));
});

it('R20: a caller that goes away ends nothing: the answer is stored', async () => {
  const provider = await openProvider({ delayMs: 400 });
  const bench = await openBench(await makePlace('embedded'), provider);
  await connect(bench, provider, { user: 'u', leftMs: endedMs });
  const gone = ask(bench, 'u');
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  await Promise.race([gone, sleep(50, undefined, { signal: stop.signal })]);
  // Nobody looks at the first call any more; what it began is there for the next.
  await eventually('it is stored', async () => {
    const [summary] = await bench.manager.listUserConnections('u');
    return (summary?.expiresAt ?? 0) > Date.now();
  });
  expect(provider.seen.redemptions).toBe(1);
});
