/** Connections of one workspace share a chain of refresh tokens: a new consent of one is for all that shared it. */

import { expect, test, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { eventually } from '../support/redis.js';
import { openSourced } from '../support/sourced-manager.js';

const hourMs = 3_600_000;

/** Two people of one Slack workspace, whose app has one rotating chain of tokens for all of them. */
async function openWorkspace() {
  const { server, openAnother, clock, options, logged } = await openSourced(
    {},
    { unsafeConnectWithoutProof: true, connectProof: 'none' },
  );
  const store = await openStore(options);
  const urls = { token_endpoint: `${server.url}/token`, revocation_endpoint: `${server.url}/revoke` };
  const entry = { template: 'slack', client_id: 'c', client_secret: 's', ...urls };
  const manager = await openAnother({ store, providers: { here: entry } });
  server.answer('/revoke', { json: { ok: true } });
  const issue = (tokens: string, more: object = {}) => {
    const json = { ok: true, token_type: 'bot', access_token: `at-${tokens}`, refresh_token: `rt-${tokens}` };
    server.answer('/token', { json: { ...json, expires_in: 3600, ...more } });
  };
  const end = () => server.answer('/token', { json: { ok: false, error: 'invalid_refresh_token' } });
  const consent = async (user: string, tokens: string, workspace = 'T1') => {
    issue(tokens, { team: { id: workspace, name: 'Example' }, authed_user: { id: user } });
    const code = await manager.createLinkCode(user, 'here');
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
    end();
  };
  const tokenOf = async (user: string) => (await manager.getToken(user, 'here'))?.accessToken.reveal();
  for (const user of ['u1', 'u2']) await consent(user, 'first');
  clock.advance(2 * hourMs);
  return { manager, server, store, clock, issue, end, consent, tokenOf, logged };
}

type Stage = Awaited<ReturnType<typeof openWorkspace>>;

test('whoever shared its refresh token has what a new consent brought, even after their own had ended', async () => {
  const { manager, consent, tokenOf } = await openWorkspace();
  for (const user of ['u1', 'u2']) expect(await tokenOf(user)).toBeUndefined();
  await consent('u2', 'second');
  expect(await tokenOf('u1')).toBe('at-second');
  expect((await manager.listUserConnections('u1'))[0]?.status).toBe('active');
  const events = await manager.events.read(defaultTenant, undefined, 100);
  const renewed = events.filter(({ event }) => 'change' in event && event.change === 'reconnected');
  expect(renewed.map(({ event }) => event.userId)).toEqual(['u2', 'u1']);
});

test('also days later: a refused refresh token is kept, as the others find each other by it', async () => {
  const { manager, clock, store, consent, tokenOf } = await openWorkspace();
  for (const user of ['u1', 'u2']) expect(await tokenOf(user)).toBeUndefined();
  clock.advance(72 * hourMs);
  const claimed = vi.spyOn(store.due, 'claim');
  manager.startBackgroundWork();
  await eventually('the worker has looked twice', () => claimed.mock.calls.length > 1);
  await consent('u2', 'second');
  expect(await tokenOf('u1')).toBe('at-second');
});

test('also when the others had gone on while the one that consents slept', async () => {
  const { clock, issue, end, consent, tokenOf } = await openWorkspace();
  for (const tokens of ['renewed', 'renewed-again']) {
    issue(tokens);
    expect(await tokenOf('u1')).toBe(`at-${tokens}`);
    clock.advance(2 * hourMs);
  }
  end();
  await consent('u2', 'second');
  expect(await tokenOf('u1')).toBe('at-second');
});

test('a refusal that was taken back is so for all of them, by one sending', async () => {
  const { manager, server, issue, tokenOf } = await openWorkspace();
  for (const user of ['u1', 'u2']) expect(await tokenOf(user)).toBeUndefined();
  const before = server.requestsTo('/token').length;
  issue('again');
  expect(await manager.retryRefused()).toEqual({ found: 2, revived: 2, refused: 0, failed: {} });
  expect(server.requestsTo('/token')).toHaveLength(before + 1);
  for (const user of ['u1', 'u2']) expect(await tokenOf(user)).toBe('at-again');
});

test.each([
  ['another workspace', 'T2'],
  ['one that the provider does not name', ''],
])('nobody follows into %s', async (_title, workspace) => {
  const { consent, tokenOf } = await openWorkspace();
  for (const user of ['u1', 'u2']) expect(await tokenOf(user)).toBeUndefined();
  await consent('u2', 'second', workspace);
  expect(await tokenOf('u2')).toBe('at-second');
  expect(await tokenOf('u1')).toBeUndefined();
});

test('a token of a person’s own, in the place of the one they shared, is followed by nobody; the shared one is handed on', async () => {
  const { manager, server, clock, issue, end, tokenOf } = await openWorkspace();
  issue('renewed');
  expect(await tokenOf('u1')).toBe('at-renewed');
  end();
  // The app asks for user tokens by now.
  const person = {
    id: 'u1',
    access_token: 'at-of-u1',
    refresh_token: 'rt-of-u1',
    token_type: 'user',
    expires_in: 3600,
  };
  const answer = { json: { ok: true, team: { id: 'T1', name: 'Example' }, authed_user: person } };
  const code = await manager.createLinkCode('u1', 'here');
  const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
  server.answer('/token', answer);
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  expect(await tokenOf('u1')).toBe('at-of-u1');
  expect(await tokenOf('u2')).toBe('at-renewed');
  clock.advance(2 * hourMs);
  server.answer('/token', ({ form }) => ({
    json: { ok: true, access_token: `for-${form.get('refresh_token')}`, token_type: 'bot', expires_in: 3600 },
  }));
  expect(await tokenOf('u2')).toBe('for-rt-renewed');
  expect(await tokenOf('u1')).toBe('for-rt-of-u1');
  await manager.deleteToken('u1', 'here');
  expect(await tokenOf('u2')).toBe('for-rt-renewed');
});

test('two workspaces are two chains: each goes on by its own refresh token', async () => {
  const { server, clock, consent, tokenOf } = await openWorkspace();
  await consent('u3', 'other', 'T2');
  clock.advance(2 * hourMs);
  server.answer('/token', ({ form }) => {
    const next = `${form.get('refresh_token')?.replace('rt-', '')}-renewed`;
    const tokens = { access_token: `at-${next}`, refresh_token: `rt-${next}` };
    return { json: { ok: true, token_type: 'bot', expires_in: 3600, ...tokens } };
  });
  const renewed = [await tokenOf('u1'), await tokenOf('u3'), await tokenOf('u2')];
  expect(renewed).toEqual(['at-first-renewed', 'at-other-renewed', 'at-first-renewed']);
});

test('a store that fails before the others can be told costs the new consent nothing', async () => {
  const { store, consent, tokenOf, logged } = await openWorkspace();
  expect(await tokenOf('u2')).toBeUndefined();
  const save = store.expiring.save.bind(store.expiring);
  const away = new StoreUnavailable('The test says so.', 'no');
  vi.spyOn(store.expiring, 'save').mockImplementation((...record) =>
    record[0] === 'refresh_chain' ? Promise.reject(away) : save(...record),
  );
  await consent('u2', 'second');
  expect(await tokenOf('u2')).toBe('at-second');
  const message = 'the siblings of a connection were not told of its new consent';
  expect(logged).toContain(JSON.stringify({ provider: 'here', message }));
});

/** A workspace whose app has one token for all, which does not end; Slack gives it to whoever connects. */
async function openBot() {
  const workspace = await openWorkspace();
  const { server, manager, clock } = workspace;
  const connect = async (user: string, tokens: object, more: object = {}) => {
    const json = { ok: true, team: { id: 'T1' }, authed_user: { id: user }, ...tokens };
    server.answer('/token', { json });
    const code = await manager.createLinkCode(user, 'here', more);
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  };
  const bot = { access_token: 'xoxb-1', token_type: 'bot' };
  for (const user of ['u1', 'u2']) await connect(user, bot);
  const revoked = () => server.requestsTo('/revoke').map(({ headers }) => headers.authorization);
  return { ...workspace, clock, connect, bot, revoked };
}

test('a token that others of the workspace hold as well is revoked by the last of them', async () => {
  const { manager, tokenOf, revoked } = await openBot();
  expect(await manager.deleteToken('u1', 'here')).toEqual({ revoked: 'no' });
  expect([revoked(), await tokenOf('u2')]).toEqual([[], 'xoxb-1']);
  expect(await manager.eraseUser('u2')).toMatchObject({ connections: 1, revoked: 1 });
  expect(revoked()).toEqual(['Bearer xoxb-1']);
});

test('nor is it by who is not proven to be of it, nor by who connects it anew', async () => {
  const { manager, connect, bot, tokenOf, revoked } = await openBot();
  await connect('mallory', bot, { proof: 'chat_code' });
  await manager.eraseUser('mallory');
  await connect('u1', { access_token: 'xoxb-2', token_type: 'bot', team: { id: 'T2' } });
  await connect('u1', bot);
  expect([revoked(), await tokenOf('u1'), await tokenOf('u2')]).toEqual([['Bearer xoxb-2'], 'xoxb-1', 'xoxb-1']);
});

test('nor while somebody is about to prove that it is theirs', async () => {
  const { manager, connect, bot, revoked } = await openBot();
  await connect('eve', bot, { proof: 'chat_code' });
  for (const user of ['u1', 'u2']) await manager.deleteToken(user, 'here');
  expect(revoked()).toEqual([]);
  await manager.eraseUser('eve');
  expect(revoked()).toEqual(['Bearer xoxb-1']);
});

test('a token of one person alone is revoked, whoever else is of the workspace', async () => {
  const { manager, connect, tokenOf, revoked } = await openBot();
  await connect('u3', { authed_user: { id: 'u3', access_token: 'xoxp-3', token_type: 'user' } });
  expect(await manager.deleteToken('u3', 'here')).toEqual({ revoked: 'yes' });
  expect([revoked(), await tokenOf('u2')]).toEqual([['Bearer xoxp-3'], 'xoxb-1']);
});

test.each([
  ['disconnects', (stage: Stage) => stage.manager.deleteToken('u1', 'here')],
  ['goes to another workspace', (stage: Stage) => stage.consent('u1', 'other', 'T2')],
])('who leads the others and %s leaves them what it has', async (_title, leave) => {
  const stage = await openWorkspace();
  const { server, clock, issue, tokenOf } = stage;
  issue('renewed');
  expect(await tokenOf('u1')).toBe('at-renewed');
  await leave(stage);
  expect(server.requestsTo('/revoke')).toEqual([]);
  expect(await tokenOf('u2')).toBe('at-renewed');
  issue('again');
  clock.advance(2 * hourMs);
  expect(await tokenOf('u2')).toBe('at-again');
  expect(server.requestsTo('/token').at(-1)?.form.get('refresh_token')).toBe('rt-renewed');
});
