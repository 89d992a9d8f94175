/** A pause and a refresh at the same time: the pause stands, and no refresh token is lost or spent twice (R5, R19, R21). */

import { describe, expect, it, onTestFinished } from 'vitest';
import { accountLabelSchema, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import { ask, type Bench, connect, makePlace, openBench, openProvider, storeKinds } from './stage.js';

const endedMs = -10_000;
const statusOf = async ({ manager }: Bench) => (await manager.listUserConnections('u'))[0]?.status;

async function begin(leftMs: number, options: Parameters<typeof openProvider>[0] = {}) {
  const provider = await openProvider(options);
  const place = await makePlace('embedded');
  const bench = await openBench(place, provider);
  return { provider, place, bench, ...(await connect(bench, provider, { user: 'u', leftMs })) };
}

describe.each(storeKinds)('on the %s store', (kind) => {
  it('a pause is seen at once by every process, and a resume too', async () => {
    const provider = await openProvider();
    const place = await makePlace(kind);
    const [one, other] = [await openBench(place, provider), await openBench(place, provider)];
    const { accessToken } = await connect(one, provider, { user: 'u', leftMs: 3_600_000 });
    expect(await ask(other, 'u')).toBe(accessToken);
    for (let round = 0; round < 3; round += 1) {
      expect(await one.manager.pauseConnection('u', 'rotating')).toBe(true);
      expect(await ask(other, 'u')).toBe('none');
      expect(await ask(one, 'u')).toBe('none');
      expect(await other.manager.resumeConnection('u', 'rotating')).toBe(true);
      expect(await ask(one, 'u')).toBe(accessToken);
    }
  });

  it('an intent to send the refresh token stands on beside a pause (R6)', async () => {
    const provider = await openProvider();
    const place = await makePlace(kind);
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    const store = await openStore(managerOn(place, provider.entry));
    onTestFinished(() => store.close());
    const owner = { tenant: defaultTenant, userId: userIdSchema.parse('u') };
    const ref = { owner, provider: providerIdSchema.parse('rotating'), account: accountLabelSchema.parse('default') };
    const { generation = 0 } = (await store.connections.find(ref)) ?? {};
    const intent = { generation, holder: 'died', startedAt: 1, deadline: 2, attempt: 1 };
    expect(await store.connections.beginRefresh(ref, intent, { ms: 60_000 })).toEqual({ kind: 'begun' });
    await bench.manager.pauseConnection('u', 'rotating');
    await bench.manager.resumeConnection('u', 'rotating');
    expect(await store.connections.findIntent(ref)).toEqual(intent);
  });
});

describe('a paused connection', () => {
  it('is said to be one, with a link that asks for what was granted', async () => {
    const { bench } = await begin(3_600_000);
    await bench.manager.pauseConnection('u', 'rotating');
    const thrown = bench.manager.requireToken('u', 'rotating', { scopes: ['more'] });
    await expect(thrown).rejects.toMatchObject({ code: 'not_connected', reason: 'not_connected', paused: true });
    await expect(thrown).rejects.toThrow(/^The user has paused the rotating connection/);
    const error = await thrown.catch((each: { connectUrl: string }) => each);
    const link = new URL('connectUrl' in error ? error.connectUrl : '').searchParams.get('link') ?? '';
    expect((await bench.manager.describeLink('rotating', link))?.scope).toEqual(['more', 'read']);
    expect(await statusOf(bench)).toBe('paused');
    expect(await bench.manager.hasToken('u', 'rotating')).toBe(false);
  });

  it('tells of pausing and resuming once each, however often it is said', async () => {
    const { bench } = await begin(3_600_000);
    for (let times = 0; times < 2; times += 1) await bench.manager.pauseConnection('u', 'rotating');
    for (let times = 0; times < 2; times += 1) await bench.manager.resumeConnection('u', 'rotating');
    const events = await bench.manager.events.read(defaultTenant, undefined, 100);
    const changes = events.flatMap(({ event }) => (event.type === 'connection.updated' ? [event.change] : []));
    expect(changes).toEqual(['paused', 'resumed']);
  });

  it('that is not there is no error and no connection', async () => {
    const { bench } = await begin(3_600_000);
    expect(await bench.manager.pauseConnection('u', 'rotating', { account: 'other' })).toBe(false);
    expect(await bench.manager.resumeConnection('nobody', 'rotating')).toBe(false);
  });

  it('stays paused when the host stores a new token', async () => {
    const { bench, provider } = await begin(3_600_000);
    await bench.manager.pauseConnection('u', 'rotating');
    const { accessToken } = await connect(bench, provider, { user: 'u', leftMs: 3_600_000 });
    expect(await ask(bench, 'u')).toBe('none');
    await bench.manager.resumeConnection('u', 'rotating');
    expect(await ask(bench, 'u')).toBe(accessToken);
  });

  it('is refreshed ahead all the same, so that nothing is lost', async () => {
    const provider = await openProvider({ expiresIn: 60 });
    const place = await makePlace('embedded');
    const bench = await openBench(place, provider, { backgroundWork: true });
    await connect(bench, provider, { user: 'u', leftMs: 3_600_000 });
    await bench.manager.pauseConnection('u', 'rotating');
    bench.clock.advance(3_590_000);
    await eventually('it was refreshed', () => provider.seen.redemptions > 0);
    expect(await statusOf(bench)).toBe('paused');
    expect(await ask(bench, 'u')).toBe('none');
    await bench.manager.resumeConnection('u', 'rotating');
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    expect(provider.seen.reuses).toBe(0);
  });
});

describe('a pause during a refresh', () => {
  it('stands: its caller gets nothing, and the new refresh token is kept (R19)', async () => {
    const { bench, provider } = await begin(endedMs);
    const open = provider.hold();
    const waiting = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await bench.manager.pauseConnection('u', 'rotating');
    open();
    expect(await waiting).toBe('none');
    expect(await statusOf(bench)).toBe('paused');
    await bench.manager.resumeConnection('u', 'rotating');
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0, revocations: 0 });
  });

  it('hides no refusal: once resumed the connection is the user’s to mend', async () => {
    const { bench, provider, refreshToken } = await begin(endedMs);
    const open = provider.hold();
    provider.end(refreshToken);
    const waiting = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await bench.manager.pauseConnection('u', 'rotating');
    open();
    expect(await waiting).toBe('none');
    expect(await statusOf(bench)).toBe('paused');
    await bench.manager.resumeConnection('u', 'rotating');
    expect(await statusOf(bench)).toBe('reauthorization_required');
  });

  it('does not make a lost answer forgotten: a strict refresh token is not sent again (R5)', async () => {
    const { bench, provider, accessToken } = await begin(60_000);
    bench.clock.advance(40_000);
    provider.setMode('lose');
    const open = provider.hold();
    const waiting = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await bench.manager.pauseConnection('u', 'rotating');
    open();
    await waiting;
    provider.setMode('answer');
    await bench.manager.resumeConnection('u', 'rotating');
    expect(await ask(bench, 'u')).toBe(accessToken);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  });
});
