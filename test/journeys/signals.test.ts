/** A person ends an authorization at the provider, and the provider says so: who is told, and what is left alone. */

import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { browserRoutes } from '../../routes/browser.js';
import { serverOptions } from '../../routes/server-options.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { connectAccounts, templateAt } from '../support/connected-accounts.js';
import { storeKinds } from '../support/service.js';
import {
  discordPublicKey,
  ending,
  fromDiscord,
  fromGithub,
  fromSlack,
  githubSecret,
  type SignedRequest,
  slackSecret,
} from '../support/signing-provider.js';
import { openSourced } from '../support/sourced-manager.js';

const refusedGrant = { status: 400, json: { error: 'invalid_grant' } };

/** Users with one account each at the provider `here`, and the address that the provider posts to. */
async function connected(template: string, signalKey: string | undefined, kind?: 'embedded' | 'redis') {
  const sourced = await openSourced({}, { unsafeConnectWithoutProof: true, connectProof: 'none' }, kind);
  const { server, openAnother, clock } = sourced;
  const entry = { ...templateAt(server.url, template), ...(signalKey && { signal_key: signalKey }) };
  const manager = await openAnother({ providers: { here: entry, there: entry } });
  await connectAccounts({ manager, server }, 'ada', [{ account: 'default', id: '41' }]);
  await connectAccounts({ manager, server }, 'grace', [{ account: 'default', id: '42' }]);
  const app = fastify(serverOptions);
  onTestFinished(() => app.close());
  await app.register(browserRoutes, { manager, baseUrl: 'http://127.0.0.1:9', now: clock.now });
  const post = async ({ headers, body }: SignedRequest, provider = 'here') => {
    const url = `/oauth/${provider}/signals`;
    const answer = await app.inject({ method: 'POST', url, headers, payload: body });
    return { status: answer.statusCode, body: answer.body };
  };
  const states = async () => {
    const lists = await Promise.all(['ada', 'grace'].map((user) => manager.listUserConnections(user)));
    return lists.flat().map(({ status }) => status);
  };
  const endings = async () =>
    (await manager.events.read(defaultTenant, undefined, 100)).flatMap(({ event }) =>
      event.type === 'connection.needs_reauthorization' ? [event.userId] : [],
    );
  const trail = async () =>
    (await manager.audit.readEnd(defaultTenant, 100)).flatMap(({ entry }) => (entry.act === 'signal' ? [entry] : []));
  return { ...sourced, manager, post, states, endings, trail };
}

describe.each(storeKinds)('on the %s store', (kind) => {
  it('the connection of that account ends by the provider’s word, with an event and an entry; the others go on', async () => {
    const { post, server, clock, states, endings, trail, manager } = await connected('discord', discordPublicKey, kind);
    server.answer('/token', refusedGrant);
    const signal = fromDiscord(ending.discord('42'), clock.now());
    expect(await post(signal)).toEqual({ status: 204, body: '' });
    expect(await states()).toEqual(['active', 'reauthorization_required']);
    expect(await endings()).toEqual(['grace']);
    expect(await trail()).toMatchObject([{ user: 'grace', outcome: 'ok', reason: expect.stringContaining('ended') }]);
    await expect(manager.requireToken('grace', 'here')).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect((await manager.requireToken('ada', 'here')).accessToken.reveal()).toBe('at-default');
    expect(await post(signal)).toEqual({ status: 204, body: '' });
    expect(await endings()).toEqual(['grace']);
  });
});

it('what another entry of the same client has of that account is looked after as well', async () => {
  const { manager, post, server, clock, endings } = await connected('discord', discordPublicKey);
  await connectAccounts({ manager, server }, 'linus', [{ account: 'default', id: '42', provider: 'there' }]);
  server.answer('/token', refusedGrant);
  expect(await post(fromDiscord(ending.discord('42'), clock.now()))).toMatchObject({ status: 204 });
  expect((await endings()).sort()).toEqual(['grace', 'linus']);
});

describe('one without a refresh token', () => {
  const opened = async () => {
    const stage = await connected('github-app', githubSecret);
    const answer = { refresh_token: undefined };
    await connectAccounts(stage, 'linus', [{ account: 'default', id: '43', answer }]);
    const tokenOf = async () => (await stage.manager.requireToken('linus', 'here')).accessToken.reveal();
    return { ...stage, tokenOf };
  };

  it('ends when the provider does not take its token any more', async () => {
    const { post, server, states, endings, tokenOf } = await opened();
    server.answer('/userinfo', { status: 401 });
    expect(await post(fromGithub(ending.github(43)))).toMatchObject({ status: 204 });
    expect(await endings()).toEqual(['linus']);
    await expect(tokenOf()).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect(await states()).toEqual(['active', 'active']);
  });

  it('goes on while the provider takes its token: a signal is delivered again after the person has come back', async () => {
    const { post, endings, trail, tokenOf } = await opened();
    expect(await post(fromGithub(ending.github(43)))).toMatchObject({ status: 204 });
    expect([await endings(), await tokenOf()]).toEqual([[], 'at-default']);
    expect(await trail()).toMatchObject([{ user: 'linus', reason: expect.stringContaining('alive') }]);
  });

  it('stays as it is while the provider is away', async () => {
    const { post, server, endings, trail, tokenOf } = await opened();
    server.answer('/userinfo', { status: 503 });
    expect(await post(fromGithub(ending.github(43)))).toMatchObject({ status: 204 });
    expect([await endings(), await tokenOf()]).toEqual([[], 'at-default']);
    expect(await trail()).toMatchObject([{ reason: expect.stringContaining('unknown') }]);
  });

  it('ends by the signal alone where nobody can be asked whose token it is', async () => {
    const { post, server, clock, manager, endings } = await connected('slack', slackSecret);
    const answer = { ok: true, refresh_token: undefined, team: { id: 'T1' }, authed_user: { id: 'U43' } };
    await connectAccounts({ manager, server }, 'linus', [{ account: 'default', id: 'U43', answer }]);
    expect(await post(fromSlack(ending.slack('T1', ['U43']), clock.now()))).toMatchObject({ status: 204 });
    expect(await endings()).toEqual(['linus']);
  });
});

it('what the provider still honours goes on, with its new token: an old signal that is sent again ends nothing', async () => {
  const { post, server, states, endings, trail, manager } = await connected('github-app', githubSecret);
  server.answer('/token', { json: { access_token: 'at-new', refresh_token: 'rt-new', expires_in: 3600 } });
  expect(await post(fromGithub(ending.github(42)))).toMatchObject({ status: 204 });
  expect([await states(), await endings()]).toEqual([['active', 'active'], []]);
  expect((await manager.requireToken('grace', 'here')).accessToken.reveal()).toBe('at-new');
  expect(await trail()).toMatchObject([{ reason: expect.stringContaining('alive') }]);
});

it('a host that takes signals by itself is told how many connections ended; who has ended is not asked after again', async () => {
  const { server, manager, trail } = await connected('github-app', githubSecret);
  await connectAccounts({ manager, server }, 'linus', [{ account: 'default', id: '42' }]);
  server.answer('/token', { json: { access_token: 'at-new', refresh_token: 'rt-new', expires_in: 3600 } });
  const taken = () => manager.signals.take('here', fromGithub(ending.github(42)));
  expect(await taken()).toEqual({ ended: 0 });
  server.answer('/token', refusedGrant);
  const before = (await trail()).length;
  expect([await taken(), await taken()]).toEqual([{ ended: 2 }, { ended: 0 }]);
  expect(await trail()).toHaveLength(before + 2);
});

it('the question whether anybody listens is answered, and is about nobody', async () => {
  const { post, clock, trail } = await connected('slack', slackSecret);
  const question = fromSlack({ type: 'url_verification', challenge: '3eZbrw1aB', token: 'x' }, clock.now());
  expect(await post(question)).toEqual({ status: 200, body: '{"challenge":"3eZbrw1aB"}' });
  expect(await trail()).toEqual([]);
});

it('while the provider is away the connection stays as it is', async () => {
  const { post, server, states, trail } = await connected('github-app', githubSecret);
  server.answer('/token', { status: 503 });
  expect(await post(fromGithub(ending.github(42)))).toMatchObject({ status: 204 });
  expect(await states()).toEqual(['active', 'active']);
  expect(await trail()).toMatchObject([{ reason: expect.stringContaining('unknown') }]);
});

it('one that is not signed is refused with the body of every 401, and nobody is asked', async () => {
  const { post, server, states } = await connected('github-app', githubSecret);
  server.answer('/token', refusedGrant);
  const asked = server.requests.length;
  const { status, body } = await post(fromGithub(ending.github(42), 'github_app_authorization', 'another-key'));
  expect([status, JSON.parse(body).code]).toEqual([401, 'unauthorized']);
  expect(body).not.toMatch(/signed|another-key|42/);
  expect([server.requests.length, await states()]).toEqual([asked, ['active', 'active']]);
});

it.each([
  ['a provider without a key', 'discord', undefined, 'here'],
  ['a provider that sends none', 'gitlab', 'any', 'here'],
])('%s answers 404', async (_what, template, key, id) => {
  const { post } = await connected(template, key);
  expect((await post(fromGithub(ending.github(42)), id)).status).toBe(404);
});

it('a body that is too large, a provider that is none, and a name that is none are refused', async () => {
  const { post } = await connected('github-app', githubSecret);
  const large = fromGithub({ ...ending.github(42), padding: 'x'.repeat(70_000) });
  expect((await post(large)).status).toBe(413);
  expect((await post(fromGithub(ending.github(42)), 'nobody')).status).toBe(404);
  expect((await post(fromGithub(ending.github(42)), '__proto__')).status).toBeGreaterThanOrEqual(400);
  expect((await post(fromGithub(ending.github(42)), '__proto__')).status).toBeLessThan(500);
});
