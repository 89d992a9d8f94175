import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { KeyUnavailable, StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant, userIdSchema } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { connectAccounts, templateAt } from '../support/connected-accounts.js';
import { eventually } from '../support/redis.js';
import { entryAt } from '../support/scripted-server.js';
import { openSourced, type SourcedManager } from '../support/sourced-manager.js';

const [alice, mallory] = ['slack:T1:alice', 'slack:T1:mallory'];
/** It revokes everything of a person at once. */
const google = (url: string) => templateAt(url, 'google');
/** It revokes everything of a portal at once; whose portal it is stands in the token response. */
const hubspot = (url: string) => templateAt(url, 'hubspot');
const ada = { account: 'default', id: 'ada', answer: { hub_id: 'ada' } };

/** Alice works with the account `ada`; then somebody finishes another link with it, or with another account. */
async function open(entryOf: (url: string) => ProviderEntry) {
  const noProof = { unsafeConnectWithoutProof: true, connectProof: 'none' } as const;
  const { server, openAnother, options } = await openSourced({}, noProof);
  const store = await openStore(options);
  const there = { ...entryOf(server.url), display_name: 'There' };
  const manager = await openAnother({ store, providers: { here: entryOf(server.url), there } });
  await connectAccounts({ manager, server }, alice, [ada]);
  const revoked = () => server.requestsTo('/revoke').length;
  return { manager, server, store, revoked, openAnother };
}

/** A grant for the account `ada` that awaits its proof. */
async function consent(
  { manager, server }: Pick<SourcedManager, 'manager' | 'server'>,
  user: string,
  { provider = 'here', tenant = 'default' } = {},
): Promise<void> {
  server.answer('/token', { json: { access_token: 'at-2', expires_in: 3600, hub_id: 'ada' } });
  const code = await manager.createLinkCode(user, provider, { account: 'second', proof: 'chat_code', tenant });
  const { authorizationUrl, browserSecret } = await manager.startAuthorization(provider, code);
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  await manager.finishAuthorization(provider, new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
}

test.each([
  ['her own, given up', alice],
  ['of another user, never proven', mallory],
  ['of a portal that another user works with', mallory, 'portal'],
  ['of an account that the provider did not tell', alice, 'provider'],
  ['of an account that the store cannot look up', alice, 'store'],
])('an unproven grant %s is not revoked where that would end what works', async (_title, user, away?: string) => {
  const { manager, server, store, revoked } = await open(away === 'portal' ? hubspot : google);
  if (away === 'provider') server.answer('/userinfo', { status: 503 });
  await consent({ manager, server }, user);
  const noAnswer = new StoreUnavailable('The test says so.', 'no');
  if (away === 'store') vi.spyOn(store.documents, 'list').mockRejectedValue(noAnswer);
  for (let tries = 0; tries < 5; tries += 1) await manager.submitProof(user, '22222222').catch(() => undefined);
  await expect(manager.submitProof(user, '22222222')).rejects.toMatchObject({ code: 'gone' });
  expect(revoked()).toBe(0);
  expect((await manager.requireToken(alice, 'here')).accessToken.reveal()).toBe('at-default');
});

test.each([
  ['in another tenant', { tenant: 'acme', provider: 'here' }],
  ['at another entry of the same client', { tenant: 'default', provider: 'there' }],
])('an unproven grant %s is not revoked where that would end what works', async (_title, at) => {
  const { manager, server, revoked } = await open(google);
  await consent({ manager, server }, mallory, at);
  await manager.eraseUser(mallory, { tenant: at.tenant });
  expect(revoked()).toBe(0);
  expect((await manager.requireToken(alice, 'here')).accessToken.reveal()).toBe('at-default');
});

test('nor where another tenant is about to prove the same account', async () => {
  const { manager, server, revoked } = await open(google);
  await manager.eraseUser(alice);
  expect(revoked()).toBe(1);
  await consent({ manager, server }, mallory);
  await consent({ manager, server }, mallory, { tenant: 'acme' });
  await manager.eraseUser(mallory);
  expect(revoked()).toBe(1);
  await manager.eraseUser(mallory, { tenant: 'acme' });
  expect(revoked()).toBe(2);
});

test('nor where whoever has the account lies in a record that cannot be opened', async () => {
  const { manager, server, store, revoked } = await open(google);
  await consent({ manager, server }, mallory);
  vi.spyOn(store.connections, 'find').mockRejectedValue(new KeyUnavailable('k2'));
  await manager.eraseUser(mallory);
  expect(revoked()).toBe(0);
});

test.each([
  ['nobody has that account', google, 'bob'],
  ['a revocation ends the one grant', (url: string) => entryAt(url), 'ada'],
])('it is revoked where %s', async (_title, entryOf, id) => {
  const { manager, server, revoked } = await open(entryOf);
  await connectAccounts({ manager, server }, mallory, [{ account: 'default', id: 'carol' }]);
  // Another account in the same place: the earlier grant is given back.
  await connectAccounts({ manager, server }, mallory, [{ account: 'default', id }]);
  expect(await manager.listUserConnections(mallory)).toMatchObject([{ identity: { id } }]);
  expect(revoked()).toBe(1);
});

test('an account that was replaced in one place is not revoked while another place works with it', async () => {
  const { manager, server, revoked } = await open(google);
  await connectAccounts({ manager, server }, alice, [{ account: 'work', id: 'ada' }]);
  await connectAccounts({ manager, server }, alice, [{ account: 'work', id: 'bob' }]);
  expect(revoked()).toBe(0);
  expect((await manager.requireToken(alice, 'here')).accessToken.reveal()).toBe('at-default');
});

test('a grant whose provider is configured no more ends all the same, and is not told as revoked', async () => {
  const { manager, openAnother, store, server, revoked } = await open(google);
  await consent({ manager, server }, mallory);
  const later = await openAnother({ store, providers: {} });
  await later.eraseUser(mallory);
  const owner = { tenant: defaultTenant, userId: userIdSchema.parse(mallory) };
  expect((await store.connections.list(owner)).awaiting).toEqual([]);
  const trail = (await later.audit.read(defaultTenant, undefined, 100)).map(({ entry }) => entry);
  expect(trail).toContainEqual(
    expect.objectContaining({ act: 'connect.end', user: mallory, reason: 'erased, revoked: no' }),
  );
  expect(revoked()).toBe(0);
});

test.each([
  ['that its person is about to prove', alice],
  ['that another user is about to prove', mallory],
])('an unproven grant is not revoked where that would end a later one of the account %s', async (_title, second) => {
  const { server, clock, openAnother } = await openSourced({});
  const manager = await openAnother({ providers: { here: google(server.url) } });
  server.answer('/revoke', { status: 200 });
  server.answer('/userinfo', { json: { sub: 'ada' } });
  const consent = async (user: string, accessToken: string) => {
    server.answer('/token', { json: { access_token: accessToken, refresh_token: 'rt', expires_in: 3600 } });
    const code = await manager.createLinkCode(user, 'here');
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    const cookie = browserSecret.reveal();
    await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), cookie);
    return (await manager.describeFinished('here', cookie))?.returnCode?.reveal() ?? '';
  };
  await consent(alice, 'at-given-up');
  clock.advance(9 * 60_000);
  const code = await consent(second, 'at-proven');
  clock.advance(2 * 60_000);
  // Whoever types a code ends what is overdue of theirs.
  await manager.submitProof(alice, '22222222').catch(() => undefined);
  await manager.submitProof(second, code);
  expect(server.requestsTo('/revoke')).toEqual([]);
  expect((await manager.requireToken(second, 'here')).accessToken.reveal()).toBe('at-proven');
});

/** Something to wait for, and what ends the waiting. */
function gate() {
  let open = () => {};
  return { opened: new Promise<void>((resolve) => (open = resolve)), open: () => open() };
}

test('who connects the same account anew while its removal is under way keeps that', async () => {
  const { manager, server, store, revoked } = await open(google);
  const [asleep, awake] = [gate(), gate()];
  const remove = store.documents.remove.bind(store.documents);
  vi.spyOn(store.documents, 'remove').mockImplementationOnce(async (...entry) => {
    asleep.open();
    await awake.opened;
    return remove(...entry);
  });
  const disconnecting = manager.deleteToken(alice, 'here');
  await asleep.opened;
  await connectAccounts({ manager, server }, alice, [{ ...ada, answer: { access_token: 'at-anew' } }]);
  awake.open();
  expect(await disconnecting).toEqual({ revoked: 'no' });
  expect(revoked()).toBe(0);
  expect((await manager.requireToken(alice, 'here')).accessToken.reveal()).toBe('at-anew');
});

test('the late answer to a refresh of what was disconnected does not revoke what waits for its proof', async () => {
  const { manager, server, revoked } = await open(google);
  const late = gate();
  server.answer('/token', { json: { access_token: 'at-late', expires_in: 3600 }, after: late.opened });
  const rejectedTokenSha256 = createHash('sha256').update('at-default').digest('hex');
  const refreshing = manager.refreshToken(alice, 'here', { rejectedTokenSha256 }).catch(() => undefined);
  await eventually('the refresh token was sent', () => server.requestsTo('/token').length === 2);
  await manager.deleteToken(alice, 'here');
  expect(revoked()).toBe(1);
  server.answer('/token', { json: { access_token: 'at-anew', refresh_token: 'rt-anew', expires_in: 3600 } });
  const code = await manager.createLinkCode(alice, 'here', { proof: 'chat_code' });
  const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  const shown = await manager.describeFinished('here', browserSecret.reveal());
  late.open();
  await refreshing;
  expect(revoked()).toBe(1);
  await manager.submitProof(alice, shown?.returnCode?.reveal() ?? '');
  expect((await manager.requireToken(alice, 'here')).accessToken.reveal()).toBe('at-anew');
});
