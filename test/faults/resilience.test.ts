/** Providers and operators that go wrong: nobody loses a connection by it (R14, R17, F12, F17). */

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { nextGeneration } from '../../src/core/connection.js';
import { defaultAccount, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { RefreshPace } from '../../src/flows/refresh-pace.js';
import { nextLook } from '../../src/flows/schedule.js';
import type { ManagerOptions } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { createManualClock } from '../support/clock.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import type { RotatingProvider } from '../support/rotating-provider.js';
import { ask, connect, makeDirectory, makePlace, openBench, openNode, openProvider, type Place } from './stage.js';

const hourMs = 3_600_000;
const endedMs = -10_000;
const id = providerIdSchema.parse('rotating');

/** One round of a worker, to its end; answers how many entries of the due index it took up. */
async function workOnce(place: Place, provider: RotatingProvider, more: Partial<ManagerOptions>): Promise<number> {
  const store = await openStore({ ...managerOn(place, provider.entry), ...more });
  const claims = vi.spyOn(store.due, 'claim');
  const [settled, scheduled] = [vi.spyOn(store.due, 'settle'), vi.spyOn(store.due, 'schedule')];
  const { manager } = await openBench({}, provider, { ...more, store, backgroundWork: true });
  await eventually('it has looked', () => claims.mock.settledResults[0]?.type === 'fulfilled');
  const { length } = (await claims.mock.results[0]?.value) ?? [];
  await eventually('it is done with each', () => settled.mock.calls.length + scheduled.mock.calls.length >= length);
  await manager.close();
  return length;
}

it('R14: a wrong client secret for five minutes changes none of 100 users, and all recover', async () => {
  const provider = await openProvider();
  const bench = await openBench(await makePlace('embedded'), provider);
  const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);
  for (const user of users) await connect(bench, provider, { user, leftMs: endedMs });
  provider.setMode('invalid_client');
  for (let minute = 0; minute < 5; minute += 1) {
    const answers = new Set(await Promise.all(users.map((user) => ask(bench, user))));
    expect([...answers]).toEqual(['provider_misconfigured']);
    bench.clock.advance(60_000);
  }
  provider.setMode('answer');
  bench.clock.advance(120_000);
  // The first caller is the probe; the others follow when it has come back.
  await ask(bench, 'user-0');
  const tokens = await Promise.all(users.map((user) => ask(bench, user)));
  expect(tokens.filter((token) => provider.honours(token))).toHaveLength(100);
  expect(provider.seen.reuses).toBe(0);
});

describe('R17: after an outage', () => {
  it('10,000 due refreshes start at the capped rate, and no faster', () => {
    let now = 0;
    const pace = new RefreshPace({ concurrency: 10, perSecond: 50 }, () => now);
    const starts: number[] = [];
    let waiting = 10_000;
    while (waiting > 0) {
      const { waitMs, booked } = pace.book(id);
      if (booked) {
        starts.push(now + waitMs);
        waiting -= 1;
      } else now += 1_000;
    }
    for (let index = 50; index < starts.length; index += 1) {
      expect((starts[index] ?? 0) - (starts[index - 50] ?? 0)).toBeGreaterThanOrEqual(1_000 - 1e-3);
    }
  });

  it('they go on where the clock of the machine is set back', () => {
    let now = 7_200_000;
    const pace = new RefreshPace({ concurrency: 10, perSecond: 50 }, () => now);
    pace.book(id);
    now = 0;
    expect(pace.book(id)).toEqual({ waitMs: 20, booked: true });
  });

  it('so many are under way at a time, fewer while callers wait for theirs, and one in any case', async () => {
    const pace = new RefreshPace({ concurrency: 2, perSecond: 0 }, () => 0);
    let entered = 0;
    for (let waiting = 0; waiting < 5; waiting += 1) void pace.enter(id).then(() => (entered += 1));
    const soon = async () => {
      await setImmediate();
      return entered;
    };
    expect(await soon()).toBe(2);
    for (let caller = 0; caller < 3; caller += 1) pace.began(id);
    pace.leave(id);
    expect(await soon()).toBe(2);
    pace.leave(id);
    expect(await soon()).toBe(3);
    for (let caller = 0; caller < 3; caller += 1) pace.ended(id);
    expect(await soon()).toBe(4);
  });

  it('the worker keeps to the rate, and leaves none behind', async () => {
    const provider = await openProvider({ delayMs: 50 });
    const place = await makePlace('embedded');
    const bench = await openBench(place, provider);
    const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    for (const user of users) await connect(bench, provider, { user, leftMs: endedMs });
    const started = performance.now();
    const worker = await openBench(place, provider, {
      backgroundWork: true,
      refreshAhead: { concurrency: 5, perSecond: 20 },
    });
    await eventually('all are refreshed', () => provider.seen.redemptions === 40);
    // One each 50 ms: a busy machine sends some later, and then several at once, but none before its time.
    for (const [index, at] of provider.seen.startedAt.entries()) {
      expect(at - started).toBeGreaterThan(index * 50 - 10);
    }
    await worker.manager.close();
    expect(provider.seen).toMatchObject({ redemptions: 40, reuses: 0 });
  });

  it("a caller's refresh does not queue behind those ahead", async () => {
    const provider = await openProvider({ delayMs: 300 });
    const place = await makePlace('embedded');
    const bench = await openBench(place, provider);
    for (let index = 0; index < 30; index += 1) {
      await connect(bench, provider, { user: `due-${index}`, leftMs: endedMs });
    }
    await connect(bench, provider, { user: 'caller', leftMs: endedMs });
    const refreshAhead = { concurrency: 2, perSecond: 1 };
    const worker = await openBench(place, provider, { backgroundWork: true, refreshAhead });
    await eventually('the worker has begun', () => provider.seen.redemptions > 0);
    const startedAt = performance.now();
    expect(provider.honours(await ask(worker, 'caller'))).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    worker.manager.stopRefreshing();
  });
});

describe('F12: when it is told to end', () => {
  it('no refresh is started, live tokens are served, others are told to come again, running ones are stored', async () => {
    const provider = await openProvider({ delayMs: 1_000 });
    const place = await makePlace('redis');
    const bench = await openBench(place, provider);
    for (const user of ['running', 'later']) await connect(bench, provider, { user, leftMs: endedMs });
    const live = await connect(bench, provider, { user: 'live', leftMs: hourMs });
    const node = await openNode({ options: managerOn(place, provider.entry) });
    const running = node.ask('token', { user: 'running' });
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await node.ask('stopRefreshing');
    expect((await node.ask('token', { user: 'live' })).token).toBe(live.accessToken);
    expect((await node.ask('token', { user: 'later' })).error).toBe('provider_unavailable');
    expect(provider.seen.redemptions).toBe(1);
    const startedAt = performance.now();
    const closed = node.ask('close');
    expect(provider.honours((await running).token ?? '')).toBe(true);
    await closed;
    expect(await node.ended).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await ask(bench, 'running')).toBe((await running).token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });
});

it('F17: a provider that was taken out of the configuration keeps its connections, and gives them when it is back', async () => {
  const provider = await openProvider();
  const dataDir = await makeDirectory();
  const first = await openBench({ dataDir }, provider);
  const { accessToken } = await connect(first, provider, { user: 'u', leftMs: hourMs });
  await first.manager.close();
  for (const hours of [10, 11]) {
    const now = () => first.clock.now() + hours * hourMs;
    expect(await workOnce({ dataDir }, provider, { providers: {}, now })).toBe(1);
  }
  const without = await openBench({ dataDir }, provider, { providers: {} });
  expect(await ask(without, 'u')).toBe('unknown_provider');
  expect(await without.manager.listUserConnections('u')).toHaveLength(1);
  await without.manager.close();
  const again = await openBench({ dataDir }, provider);
  expect(await ask(again, 'u')).toBe(accessToken);
});

describe('a refresh token with an end', () => {
  const dayMs = 86_400_000;

  /** A grant of 60 days whose access token does not end, so that nothing else would ever use its refresh token. */
  async function openGrant(template: 'airtable' | 'spotify') {
    const provider = await openProvider();
    const entry = { ...provider.entry, template, tokens_expire: false };
    const place = await makePlace('embedded');
    const before = await openBench(place, { ...provider, entry });
    await connect(before, provider, { user: 'u', leftMs: hourMs });
    await before.manager.close();
    const store = await openStore(managerOn(place, entry));
    const ref = {
      owner: { tenant: defaultTenant, userId: userIdSchema.parse('u') },
      provider: id,
      account: defaultAccount,
    };
    const stored = await store.connections.find(ref);
    if (stored === undefined) throw new TypeError('there is no connection');
    const { expiresAt: _, ...tokens } = stored.connection.tokenSet;
    const tokenSet = { ...tokens, refreshExpiresAt: tokens.obtainedAt + 60 * dayMs };
    const connection = { ...stored.connection, tokenSet };
    const { generation: expect, ...next } = { ...stored, connection };
    await store.connections.write(ref.owner, [
      { kind: 'put_connection', ...next, expect, generation: nextGeneration(expect, Date.now()) },
    ]);
    const known = createRegistry({ rotating: entry }, { allowInsecureLoopback: true }).find(id);
    const look = nextLook(connection, { provider: known, bufferMs: 300_000, now: Date.now() });
    if (look === undefined) throw new TypeError('nobody looks after it');
    await store.due.schedule(ref, look);
    await store.close();
    const clock = createManualClock(Date.now());
    const run = async (days: number) => {
      clock.advance(days * dayMs);
      await workOnce(place, { ...provider, entry }, { now: clock.now });
      const bench = await openBench(place, { ...provider, entry }, { now: clock.now });
      const events = await bench.manager.events.read(defaultTenant, undefined, 100);
      await bench.manager.close();
      return events.flatMap(({ event }) => ('change' in event && event.change !== undefined ? [event.change] : []));
    };
    return { provider, run };
  }

  it('that dies of disuse is used in time, though nobody asks for it', async () => {
    const { provider, run } = await openGrant('airtable');
    await run(47);
    expect(provider.seen.redemptions).toBe(0);
    expect(await run(2)).toContain('refreshed');
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });

  it('that ends whatever its use is told of a week before, once', async () => {
    const { provider, run } = await openGrant('spotify');
    expect(await run(52)).toEqual([]);
    expect(await run(2)).toEqual(['refresh_token_ends_soon']);
    expect(await run(1)).toEqual(['refresh_token_ends_soon']);
    expect(provider.seen.redemptions).toBe(0);
  });
});
