import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock } from '../support/clock.js';
import { Person } from '../support/person.js';
import { entryAt, type ScriptedAnswer, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';
import { makePlace, openService, type StoreKind, storeKinds } from '../support/service.js';

const user = 'slack:T1:U2';
/** Inside the buffer of 300 s, 100 s before the end. */
const intoTheBufferMs = 3_500_000;
const pastTheEndMs = 100_000;

/** A connected user at a provider that answers as told. `back` lets its token endpoint work again. */
async function openStage(kind: StoreKind) {
  const provider = await startScriptedServer();
  onTestFinished(() => provider.close());
  provider.answer('/userinfo', { json: { sub: 'ada' } });
  const clock = createManualClock();
  const tokens = scriptTokens(provider, { rotation: 'none', now: clock.now });
  const service = await openService({
    place: await makePlace(kind),
    clock,
    providers: async () => ({ scripted: entryAt(provider.url, { refresh_reuse: 'none' }) }),
  });
  const { bot } = service;
  const connect = async (connectUrl: string) => bot.prove(user, await new Person().connect(connectUrl));
  expect((await connect((await bot.connect(user, 'scripted')).connectUrl)).status).toBe(200);
  const ask = async () => {
    const { status, body, headers } = await bot.token(user, 'scripted');
    return { status, code: body.code, token: body.access_token, body, retryAfter: Number(headers.get('retry-after')) };
  };
  const back = () => {
    provider.answer('/token', tokens.redeem);
    clock.advance(120_000);
  };
  return { ...service, provider, tokens, clock, connect, ask, back };
}

const outages: readonly [name: string, answer: ScriptedAnswer][] = [
  ['that is down', { cut: 'at_once' }],
  ['that answers 429', { status: 429, headers: { 'retry-after': '30' }, json: { error: 'slow_down' } }],
  ['that answers 500', { status: 500, text: '<h1>Oops</h1>', headers: { 'content-type': 'text/html' } }],
  ['that answers 503', { status: 503, headers: { 'retry-after': '7' } }],
];

describe.each(storeKinds)('on the %s store', (kind) => {
  it.each(outages)(
    'a provider %s costs nobody a live token, and an ended one only a wait (R8)',
    async (_name, answer) => {
      const { ask, clock, provider, back, tokens } = await openStage(kind);
      const first = (await ask()).token;
      provider.answer('/token', answer);
      clock.advance(intoTheBufferMs);
      for (let tries = 0; tries < 3; tries += 1) expect(await ask()).toMatchObject({ status: 200, token: first });
      clock.advance(pastTheEndMs);
      for (let tries = 0; tries < 3; tries += 1) {
        const refused = await ask();
        expect(refused).toMatchObject({ status: 503, code: 'provider_unavailable' });
        expect(refused.retryAfter).toBeGreaterThan(0);
      }
      back();
      const renewed = await ask();
      expect(renewed.status).toBe(200);
      expect(tokens.isLive(renewed.token ?? '')).toBe(true);
    },
  );

  it("a provider that refuses our client secret is the operator's matter: no connection changes (R9)", async () => {
    const { ask, bot, clock, provider, back } = await openStage(kind);
    const first = (await ask()).token;
    provider.answer('/token', { status: 401, json: { error: 'invalid_client' } });
    clock.advance(intoTheBufferMs);
    expect(await ask()).toMatchObject({ status: 200, token: first });
    clock.advance(pastTheEndMs);
    expect(await ask()).toMatchObject({ status: 502, code: 'provider_error', body: { who_must_act: 'operator' } });
    expect(await ask()).toMatchObject({ status: 502, code: 'provider_error' });
    const kept = { status: 'active', has_refresh_token: true, account: { id: 'ada' } };
    expect((await bot.connections(user)).body).toMatchObject({ connections: [kept] });
    back();
    expect((await ask()).status).toBe(200);
  });

  it('a grant that the provider ended is asked for once, served while it lives, and mended by its link (R12)', async () => {
    const { ask, bot, clock, provider, tokens, connect, manager } = await openStage(kind);
    const first = await ask();
    tokens.end(first.token ?? '');
    clock.advance(intoTheBufferMs);
    for (let tries = 0; tries < 3; tries += 1) expect(await ask()).toMatchObject({ status: 200, token: first.token });
    clock.advance(pastTheEndMs);
    const ended = await ask();
    expect(ended).toMatchObject({ status: 409, code: 'reauthorization_required', body: { who_must_act: 'user' } });
    expect((await ask()).code).toBe('reauthorization_required');
    expect(tokens.refreshCount()).toBe(1);
    expect((await bot.connections(user)).body).toMatchObject({ connections: [{ status: 'reauthorization_required' }] });
    expect((await connect(ended.body.connect_url ?? '')).status).toBe(200);
    const again = await ask();
    expect(again.status).toBe(200);
    expect(tokens.isLive(again.token ?? '')).toBe(true);
    expect(provider.requestsTo('/token')).toHaveLength(3);
    expect(manager.isProviderConfigured('scripted')).toBe(true);
  });
});

it('a provider that hangs keeps a live token waiting five seconds at most, an ended one to the deadline', async () => {
  const { ask, clock, provider, back } = await openStage('embedded');
  const first = (await ask()).token;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  onTestFinished(() => release());
  provider.answer('/token', { after: held });
  clock.advance(intoTheBufferMs);
  const startedAt = performance.now();
  const live = ask();
  await expect.poll(() => provider.requestsTo('/token').length).toBe(2);
  clock.advance(pastTheEndMs);
  const ended = ask();
  expect(await live).toMatchObject({ status: 200, token: first });
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  expect(await ended).toMatchObject({ status: 503, code: 'provider_unavailable' });
  back();
  expect((await ask()).status).toBe(200);
}, 30_000);
