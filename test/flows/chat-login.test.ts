/** Proof by signing in at the chat platform, at the manager itself: who is asked, who counts, and what is told. */

import { describe, expect, it } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { parseOwner } from '../../src/core/parse-input.js';
import type { ManagerOptions } from '../../src/open-manager.js';
import { answerOf, type BrowserHalf, openBrowserHalf, settle } from './browser-half.js';

const over = { code: 'gone', message: expect.stringContaining('waits for a sign-in') };
const login = { platform: 'chat', provider: providerIdSchema.parse('two') };

/** People are connected at `one` and sign in at `two`, where `ada` is the account 4711 of the scripted server. */
async function openLogin(entry: Partial<ProviderEntry> = {}, more: Partial<ManagerOptions> = {}) {
  const options = { connectProof: 'chat_login', chatLogins: [login], ...more } as const;
  const half = await openBrowserHalf({ issuer: 'https://as.example', ...entry }, options);
  return { ...half, ...journeysOf(half) };
}

const ada = 'chat:4711';
const mallory = 'chat:4712';

function journeysOf({ manager, link, consent, server }: BrowserHalf) {
  /** Connects up to the done page, which asks to sign in. */
  const connect = async (who = ada) => {
    const { code, connectId } = await link({}, who);
    const { answer, cookie } = await consent(code);
    await manager.finishAuthorization('one', answer, cookie);
    return { connectId, cookie };
  };
  /** Presses the button of the done page; answers what the browser brings back. */
  const signIn = async (cookie: string) => answerOf(await manager.startChatLogin('one', cookie));
  const finish = (answer: URLSearchParams, cookie?: string, at = 'two') => manager.finishChatLogin(at, answer, cookie);
  /** Revocations of tokens that the sign-in brought, not of the grant. */
  const revoked = () => server.requestsTo('/revoke').map(({ form }) => form.get('token'));
  return { connect, signIn, finish, revoked };
}

describe('the way to the sign-in', () => {
  it('leads the browser that finished to the platform’s provider, for ten minutes', async () => {
    const { manager, clock, connect } = await openLogin();
    const { cookie } = await connect();
    const { authorizationUrl, provider, expiresAt } = await manager.startChatLogin('one', cookie);
    expect([provider, expiresAt]).toEqual(['two', clock.now() + 600_000]);
    const { searchParams } = new URL(authorizationUrl);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      scope: 'read',
      code_challenge_method: 'S256',
      redirect_uri: 'http://localhost:3000/oauth/two/callback',
    });
  });

  it.each([
    [
      'openid and profile, where an ID token says who somebody is',
      { template: 'microsoft', identity: undefined, userinfo_endpoint: undefined },
      {},
      'openid profile',
    ],
    ['what is configured for the platform', {}, { chatLogins: [{ ...login, scope: ['who'] }] }, 'who'],
  ] as const)('asks for %s', async (_title, entry, more, scope) => {
    const { manager, connect } = await openLogin(entry, more);
    const { authorizationUrl } = await manager.startChatLogin('one', (await connect()).cookie);
    expect(new URL(authorizationUrl).searchParams.get('scope')).toBe(scope);
  });

  it('has no PKCE at a provider that does not know it', async () => {
    const { manager, connect } = await openLogin({ pkce: 'none' });
    const { authorizationUrl } = await manager.startChatLogin('one', (await connect()).cookie);
    expect(new URL(authorizationUrl).searchParams.has('code_challenge')).toBe(false);
  });

  it('is closed to a browser that has finished nothing, or something else, and when the proof is too late', async () => {
    const { manager, clock, connect } = await openLogin();
    const { cookie } = await connect();
    await expect(manager.startChatLogin('one', 'another')).rejects.toMatchObject(over);
    await expect(manager.startChatLogin('two', cookie)).rejects.toMatchObject(over);
    clock.advance(599_999);
    expect(await manager.startChatLogin('one', cookie)).toBeDefined();
    clock.advance(1);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
  });

  it('is closed where another proof is asked for', async () => {
    const { manager, finish } = await openBrowserHalf({}, { chatLogins: [login] });
    const { cookie } = await finish({}, ada);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
  });

  it('is gone five times; then the grant ends and is given back', async () => {
    const { manager, connect, revoked } = await openLogin();
    const { cookie, connectId } = await connect();
    for (const _ of [1, 2, 3, 4, 5]) await manager.startChatLogin('one', cookie);
    expect(revoked()).toEqual([]);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
    expect(revoked()).not.toEqual([]);
    expect(await manager.startChatLogin('one', (await connect()).cookie)).toBeDefined();
  });

  it('is closed where the platform’s provider is not there', async () => {
    const nowhere = { ...login, provider: providerIdSchema.parse('three') };
    const { manager, connect } = await openLogin({}, { chatLogins: [nowhere] });
    const { cookie } = await connect();
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject({ code: 'unknown_provider' });
    expect(await manager.describeFinished('one', cookie)).toMatchObject({ chatLogin: undefined });
  });

  it('is told on the done page, by the name and origin of the platform’s provider', async () => {
    const { manager, connect, server } = await openLogin();
    const page = await manager.describeFinished('one', (await connect()).cookie);
    expect(page?.chatLogin).toEqual({ providerName: 'Two', authorizationOrigin: server.url });
  });
});

describe('a sign-in', () => {
  it('of the person of the link connects them; its own tokens are given back at once', async () => {
    const { manager, connect, signIn, finish, revoked, trail, server } = await openLogin();
    const { cookie, connectId } = await connect();
    expect(await finish(await signIn(cookie), cookie)).toBe('one');
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'connected' });
    const { accessToken } = await manager.requireToken(ada, 'one');
    expect(revoked()).toHaveLength(1);
    expect(revoked()).not.toContain(accessToken.reveal());
    expect(await trail('proof')).toMatchObject([
      {
        actor: { kind: 'person', id: 'browser' },
        user: ada,
        object: connectId,
        outcome: 'ok',
        reason: 'active',
        connection_id: expect.stringMatching(/^co_/),
      },
    ]);
    expect(server.requestsTo('/userinfo').length).toBeGreaterThan(1);
  });

  it('gives nothing back at a provider that would end all of the person’s grants with it (Google)', async () => {
    const { manager, connect, signIn, finish, revoked } = await openLogin({ template: 'google' });
    const { cookie } = await connect();
    await finish(await signIn(cookie), cookie);
    expect(await manager.hasToken(ada, 'one')).toBe(true);
    expect(revoked()).toEqual([]);
  });

  it.each([
    ['this grant alone (Linear)', { template: 'linear' }, 1],
    ['each token alone (GitLab)', { template: 'gitlab' }, 2],
    ['nothing, as there is no such way', { revocation_endpoint: undefined }, 0],
  ] as const)('gives its tokens back where that ends %s', async (_title, entry, times) => {
    const { manager, connect, signIn, finish, revoked } = await openLogin(entry);
    const { cookie } = await connect();
    await finish(await signIn(cookie), cookie);
    expect(await manager.hasToken(ada, 'one')).toBe(true);
    expect(revoked()).toHaveLength(times);
  });

  it('is about its own connect, and leaves another one of the same person waiting', async () => {
    const { manager, store, connect, signIn, finish } = await openLogin();
    const connects = [await connect(mallory), await connect(mallory)];
    const { awaiting } = await store.connections.list(parseOwner(mallory, undefined));
    const [first, last] = awaiting.map((each) => connects.find(({ connectId }) => connectId === each.connectId));
    await finish(await signIn(last?.cookie ?? ''), last?.cookie);
    expect(await manager.findConnect(last?.connectId ?? '')).toMatchObject({ error: 'person_mismatch' });
    expect(await manager.findConnect(first?.connectId ?? '')).toMatchObject({ status: 'awaiting_proof' });
  });

  it('of somebody else ends the grant, which is given back; the trail says why', async () => {
    const { manager, connect, signIn, finish, revoked, trail } = await openLogin();
    const { cookie, connectId } = await connect(mallory);
    expect(await finish(await signIn(cookie), cookie)).toBe('one');
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'person_mismatch' });
    expect(await manager.hasToken(mallory, 'one')).toBe(false);
    expect(revoked()).toHaveLength(2);
    expect(await trail('proof')).toMatchObject([{ user: mallory, outcome: 'refused', reason: 'person_mismatch' }]);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
  });

  it('at a provider that names nobody this time leaves the grant waiting', async () => {
    const { manager, server, connect, signIn, finish } = await openLogin();
    const { cookie, connectId } = await connect();
    server.answer('/userinfo', { json: {} });
    await expect(finish(await signIn(cookie), cookie)).rejects.toMatchObject({ code: 'provider_error' });
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'awaiting_proof' });
  });

  it('at a provider that never names anybody is nobody’s', async () => {
    const { manager, connect, signIn, finish } = await openLogin({ identity: undefined, userinfo_endpoint: undefined });
    const { cookie, connectId } = await connect();
    await finish(await signIn(cookie), cookie);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'person_mismatch' });
  });

  it('that the person breaks off may be tried again, and is in the trail', async () => {
    const { manager, connect, signIn, finish, trail, server } = await openLogin();
    const { cookie, connectId } = await connect();
    const asked = server.requestsTo('/token').length;
    const answer = await signIn(cookie);
    answer.delete('code');
    answer.set('error', 'access_denied');
    expect(await finish(answer, cookie)).toBe('one');
    expect(await trail('proof')).toMatchObject([{ user: ada, outcome: 'refused', reason: 'access_denied' }]);
    expect(server.requestsTo('/token')).toHaveLength(asked);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'awaiting_proof' });
    expect(await finish(await signIn(cookie), cookie)).toBe('one');
    expect(await manager.hasToken(ada, 'one')).toBe(true);
  });

  it.each([
    ['the provider’s outage', { status: 503 }, 'provider_unavailable'],
    ['a refusal of the code', { status: 400, json: { error: 'invalid_grant' } }, 'grant_refused'],
  ])('that fails by %s is told and leaves the grant waiting', async (_title, answered, reason) => {
    const { manager, server, connect, signIn, finish, trail, tokens } = await openLogin();
    const { cookie, connectId } = await connect();
    const answer = await signIn(cookie);
    server.answer('/token', answered);
    await expect(finish(answer, cookie)).rejects.toMatchObject({ code: reason });
    expect(await trail('proof')).toMatchObject([{ user: ada, outcome: 'failed', reason }]);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'awaiting_proof' });
    server.answer('/token', tokens.redeem);
    await finish(await signIn(cookie), cookie);
    expect(await manager.hasToken(ada, 'one')).toBe(true);
  });

  it('belongs to the browser that was sent, to its path and its issuer; the trail names the field, nothing is spent', async () => {
    const { manager, server, connect, signIn, finish, trail } = await openLogin();
    const { cookie, connectId } = await connect();
    const answer = await signIn(cookie);
    const asked = server.requestsTo('/token').length;
    await expect(finish(answer, 'another')).rejects.toMatchObject({ field: 'cookie' });
    await expect(finish(answer, cookie, 'one')).rejects.toMatchObject({ field: 'state' });
    const foreign = new URLSearchParams([...answer, ['iss', 'https://evil.example']]);
    await expect(finish(foreign, cookie)).rejects.toMatchObject({ field: 'iss' });
    expect((await trail('proof')).map(({ outcome, reason, object }) => [outcome, reason, object])).toEqual(
      ['cookie', 'state', 'iss'].map((field) => ['refused', `invalid_request: ${field}`, connectId]),
    );
    expect(server.requestsTo('/token')).toHaveLength(asked);
    expect(await finish(new URLSearchParams([...answer, ['iss', 'https://as.example']]), cookie)).toBe('one');
    expect(await manager.hasToken(ada, 'one')).toBe(true);
  });

  it('is taken once: of two at once one comes through, the other is over', async () => {
    const { connect, signIn, finish } = await openLogin();
    const { cookie } = await connect();
    const answer = await signIn(cookie);
    const { done, refusals } = await settle([finish(answer, cookie), finish(answer, cookie)]);
    expect(done).toBe(1);
    expect(refusals).toEqual([expect.objectContaining(over)]);
  });

  it('comes too late once the proof is over', async () => {
    const { clock, connect, signIn, finish } = await openLogin();
    const { cookie } = await connect();
    clock.advance(300_000);
    const answer = await signIn(cookie);
    clock.advance(300_000);
    await expect(finish(answer, cookie)).rejects.toMatchObject(over);
  });

  it('is told apart from the answer to a connect, and from what nobody asked for', async () => {
    const { connect, signIn, finish, link, consent } = await openLogin();
    const { cookie } = await connect();
    const state = (await signIn(cookie)).get('state') ?? '';
    expect(await finish((await consent((await link({}, ada)).code)).answer, cookie)).toBeUndefined();
    for (const query of ['', 'state=', 'state=never-made', `state=${state}&state=${state}`])
      expect(await finish(new URLSearchParams(query), cookie)).toBeUndefined();
  });

  it('is nothing where no platform is configured (any more)', async () => {
    const { connect, signIn, store, clock } = await openLogin();
    const { cookie } = await connect();
    const answer = await signIn(cookie);
    const without = await openBrowserHalf({}, { store, now: clock.now });
    expect(await without.manager.finishChatLogin('two', answer, cookie)).toBeUndefined();
    const chatLogins = ['matrix', 'irc'].map((platform) => ({ ...login, platform }));
    const moved = await openBrowserHalf({}, { store, now: clock.now, chatLogins });
    await expect(moved.manager.finishChatLogin('two', answer, cookie)).rejects.toMatchObject(over);
    await expect(moved.manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
  });

  it('connects nobody whom policy refuses, and the trail says so', async () => {
    const { manager, server, connect, signIn, finish, trail } = await openLogin({}, { accountPolicy: 'deny' });
    const first = await connect();
    await finish(await signIn(first.cookie), first.cookie);
    server.answer('/userinfo', { json: { sub: '9', name: 'Bob' } }, { json: { sub: '4711', name: 'Ada' } });
    const second = await connect();
    await finish(await signIn(second.cookie), second.cookie);
    expect((await trail('proof')).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['ok', 'active'],
      ['refused', 'account_mismatch'],
    ]);
    expect((await manager.requireToken(ada, 'one')).identity?.id).toBe('4711');
  });
});
