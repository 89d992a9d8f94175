/** Proof by signing in at the chat platform, at the manager itself: who counts, and what is told. */

import { describe, expect, it } from 'vitest';
import { parseOwner } from '../../src/core/parse-input.js';
import { openBrowserHalf, settle } from './browser-half.js';
import { ada, login, mallory, openLogin, over } from './chat-login-stage.js';

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

  it('of a person who was connected before names the connection that they keep', async () => {
    const { manager, connect, signIn, finish, trail } = await openLogin();
    for (const { cookie } of [await connect(), await connect()]) await finish(await signIn(cookie), cookie);
    const { connectionId } = await manager.requireToken(ada, 'one');
    const named = (await trail('proof')).map(({ connection_id }) => connection_id);
    expect(named).toEqual([connectionId, connectionId]);
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
