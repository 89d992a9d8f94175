/** Connections that hold one and the same rotating refresh token: one sends, and what it brings is for all of them. */

import { describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/open-store.js';
import { managerOn } from '../support/fault-nodes.js';
import { ask, makePlace, openBench, openNode, openProvider, storeKinds } from './stage.js';

const endedMs = -10_000;

describe('connections of one refresh token chain', () => {
  it('take turns: one sends, the other has the same new tokens, and the provider sees no reuse', async () => {
    const provider = await openProvider({ delayMs: 100 });
    const place = await makePlace('redis');
    const slack = { ...provider.entry, template: 'slack' as const };
    const bench = await openBench(place, { ...provider, entry: slack });
    const tokens = provider.grant();
    const expiresAt = Math.floor((Date.now() + endedMs) / 1000);
    const users = ['one', 'two', 'three'];
    for (const user of users) {
      await bench.manager.storeToken(user, { provider: 'rotating', ...tokens, expiresAt, scopes: ['read'] });
    }
    const options = managerOn(place, slack);
    const nodes = [await openNode({ options }), await openNode({ options })];
    const answers = await Promise.all(nodes.map((node) => node.ask('many', { users, count: 5 })));
    expect(answers.flatMap(({ failed }) => failed)).toEqual([]);
    expect(new Set(answers.flatMap(({ tokens: each }) => each)).size).toBe(1);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });

  it('go on with what the leader has, however long they slept', async () => {
    const provider = await openProvider();
    const slack = { ...provider.entry, template: 'slack' as const };
    const bench = await openBench(await makePlace('embedded'), { ...provider, entry: slack });
    const tokens = provider.grant();
    const expiresAt = Math.floor((Date.now() + endedMs) / 1000);
    for (const user of ['one', 'two']) {
      await bench.manager.storeToken(user, { provider: 'rotating', ...tokens, expiresAt, scopes: ['read'] });
    }
    for (let hour = 0; hour < 3; hour += 1) {
      expect(provider.honours(await ask(bench, 'one'))).toBe(true);
      bench.clock.advance(3_600_000);
    }
    const sleeper = await ask(bench, 'two');
    expect(provider.honours(sleeper)).toBe(true);
    expect(await ask(bench, 'one')).toBe(sleeper);
    expect(provider.seen).toMatchObject({ redemptions: 4, reuses: 0 });
  });

  it('have one new leader when two of them find theirs gone at the same time', async () => {
    const provider = await openProvider({ delayMs: 100 });
    const slack = { ...provider.entry, template: 'slack' as const };
    const place = await makePlace('embedded');
    const bench = await openBench(place, { ...provider, entry: slack });
    const other = await openBench(place, { ...provider, entry: slack });
    const tokens = provider.grant();
    const expiresAt = Math.floor((Date.now() + endedMs) / 1000);
    for (const user of ['leader', 'two', 'three']) {
      await bench.manager.storeToken(user, { provider: 'rotating', ...tokens, expiresAt, scopes: ['read'] });
    }
    provider.setMode('down');
    expect(await ask(bench, 'leader')).toBe('provider_unavailable');
    provider.setMode('answer');
    await bench.manager.deleteToken('leader', 'rotating');
    // Its outage is over.
    for (const { clock } of [bench, other]) clock.advance(120_000);
    const answers = await Promise.all([ask(bench, 'two'), ask(other, 'three')]);
    expect(answers.map((token) => provider.honours(token))).toEqual([true, true]);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });

  it.each(storeKinds)(
    'have one leader on the %s store, also when one of two stood still before it took the lead',
    async (kind) => {
      const provider = await openProvider();
      const slack = { ...provider.entry, template: 'slack' as const };
      const place = await makePlace(kind);
      const store = await openStore(managerOn(place, slack));
      const still = await openBench(place, { ...provider, entry: slack }, { store });
      const other = await openBench(place, { ...provider, entry: slack });
      const tokens = provider.grant();
      const expiresAt = Math.floor((Date.now() + endedMs) / 1000);
      for (const user of ['one', 'two']) {
        await still.manager.storeToken(user, { provider: 'rotating', ...tokens, expiresAt, scopes: ['read'] });
      }
      let wakeUp = () => {};
      const asleep = new Promise<void>((resolve) => {
        wakeUp = resolve;
      });
      const isAboutToLead = new Promise<void>((resolve) => {
        const exchange = store.expiring.exchange.bind(store.expiring);
        vi.spyOn(store.expiring, 'exchange').mockImplementation(async (...lead) => {
          resolve();
          await asleep;
          return exchange(...lead);
        });
      });
      const first = ask(still, 'one');
      await isAboutToLead;
      const second = await ask(other, 'two');
      expect(provider.honours(second)).toBe(true);
      wakeUp();
      expect(await first).toBe(second);
      expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
    },
  );

  it('do not follow into what the host stores over one of them: nobody says of which workspace it is', async () => {
    const provider = await openProvider();
    const slack = { ...provider.entry, template: 'slack' as const };
    const bench = await openBench(await makePlace('embedded'), { ...provider, entry: slack });
    const shared = provider.grant();
    const store = (user: string, tokens: typeof shared, leftMs: number) => {
      const expiresAt = Math.floor((bench.clock.now() + leftMs) / 1000);
      return bench.manager.storeToken(user, { provider: 'rotating', ...tokens, expiresAt, scopes: ['read'] });
    };
    for (const user of ['one', 'two']) await store(user, shared, endedMs);
    provider.end(shared.refreshToken);
    expect(await ask(bench, 'one')).toBe('none');
    const other = provider.grant();
    await store('one', other, 3_600_000);
    expect(await ask(bench, 'one')).toBe(other.accessToken);
    expect(await ask(bench, 'two')).toBe('none');
  });
});
