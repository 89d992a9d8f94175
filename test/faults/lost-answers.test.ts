/** Answers of the provider that nobody got: cut off on the way, or died with the process that waited for them (R5, R6). */

import { describe, expect, it } from 'vitest';
import { eventually } from '../support/redis.js';
import { ask, connect, makePlace, openBench, openNodes, openProvider, storeKinds } from './stage.js';

const hourMs = 3_600_000;

describe.each(storeKinds)('R5: an answer that was lost after the rotation, on the %s store', (kind) => {
  it('none: the refresh token is still good and is sent again', async () => {
    const provider = await openProvider({ reuse: 'none' });
    const bench = await openBench(await makePlace(kind), provider);
    await connect(bench, provider, { user: 'u', leftMs: hourMs });
    bench.clock.advance(hourMs + 1_000);
    provider.setMode('lose');
    expect(await ask(bench, 'u')).toBe('provider_unavailable');
    provider.setMode('answer');
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    expect(provider.seen.redemptions).toBe(2);
  });

  it('grace: sent once more within half of the window, and not a third time', async () => {
    const provider = await openProvider({ reuse: 'grace' });
    const bench = await openBench(await makePlace(kind), provider);
    const { accessToken } = await connect(bench, provider, { user: 'u', leftMs: hourMs });
    bench.clock.advance(hourMs - 200_000);
    provider.setMode('lose');
    for (let tries = 0; tries < 5; tries += 1) expect(await ask(bench, 'u')).toBe(accessToken);
    expect(provider.seen.redemptions).toBe(2);
    provider.setMode('answer');
    expect(await ask(bench, 'u')).toBe(accessToken);
    expect(provider.seen.redemptions).toBe(2);
  });

  it('strict: the live token is served, the refresh token tried once it is over, and only a code ends it', async () => {
    const provider = await openProvider();
    const bench = await openBench(await makePlace(kind), provider);
    const { accessToken } = await connect(bench, provider, { user: 'u', leftMs: hourMs });
    bench.clock.advance(hourMs - 200_000);
    provider.setMode('lose');
    for (let tries = 0; tries < 5; tries += 1) expect(await ask(bench, 'u')).toBe(accessToken);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
    bench.clock.advance(200_000);
    provider.setMode('down');
    expect(await ask(bench, 'u')).toBe('provider_unavailable');
    expect((await bench.manager.listUserConnections('u'))[0]?.status).toBe('active');
    provider.setMode('answer');
    bench.clock.advance(120_000);
    // The family is over by its own rules, and now the provider says so in its own word.
    expect(await ask(bench, 'u')).toBe('none');
    expect((await bench.manager.listUserConnections('u'))[0]?.status).toBe('reauthorization_required');
  });
});

describe.each(storeKinds)('R6: kill -9 between the answer and the store, on the %s store', (kind) => {
  /** A process that is frozen before the provider's answer comes, and killed when it has come. */
  async function killBeforeStoring(reuse: 'none' | 'strict', leftMs: number) {
    const place = await makePlace(kind);
    const provider = await openProvider({ reuse });
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs });
    if (leftMs > 0) bench.clock.advance(leftMs - 20_000);
    const [node] = await openNodes(place, provider, 1);
    const open = provider.hold();
    const renewing = node?.ask(leftMs > 0 ? 'renew' : 'token', { user: 'u' });
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    node?.freeze();
    open();
    await node?.kill9();
    expect((await renewing)?.error).toBe('process_ended');
    return { provider, bench };
  }

  it('the next process finds the intent: strict serves the live token and sends nothing', async () => {
    const { provider, bench } = await killBeforeStoring('strict', hourMs);
    expect(await ask(bench, 'u')).toMatch(/^at-/);
    expect(await ask(bench, 'u')).toMatch(/^at-/);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });

  it('the next process finds the intent: without rotation it sends again once the lease is over', async () => {
    const { provider, bench } = await killBeforeStoring('none', -10_000);
    // The lease ends by the clock of the store: in Redis its own, here the test's, against which the process began later.
    bench.clock.advance(120_000);
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    expect(provider.seen.redemptions).toBe(2);
  }, 30_000);
});
