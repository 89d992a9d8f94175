import { describe, expect, test, vi } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { type ConnectedAccount, connectAccounts, templateAt } from '../support/connected-accounts.js';
import { type StoreKind, storeKinds } from '../support/service.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';
const noProof = { unsafeConnectWithoutProof: true, connectProof: 'none' } as const;
const adaTwice = [
  { account: 'default', id: 'ada' },
  { account: 'work', id: 'ada' },
];

/** Accounts of one person at one provider of the catalogue; each with the id that the provider tells. */
async function connected(template: string, accounts: readonly ConnectedAccount[], kind?: StoreKind) {
  const sourced = await openSourced({}, noProof, kind);
  const { server, openAnother } = sourced;
  const here = templateAt(server.url, template);
  const [sameClient, otherClient] = [
    { ...here, display_name: 'The Mail' },
    { ...here, client_id: 'other' },
  ];
  const manager = await openAnother({ providers: { here, mail: sameClient, other: otherClient } });
  await connectAccounts({ manager, server }, user, accounts);
  const connections = await manager.listUserConnections(user);
  const idOf = (label: string) => connections.find(({ account }) => account === label)?.connectionId;
  const states = async () =>
    Object.fromEntries((await manager.listUserConnections(user)).map(({ account, status }) => [account, status]));
  const tokenOf = async (account?: string) =>
    (await manager.requireToken(user, 'here', { account })).accessToken.reveal();
  const endings = async () =>
    (await manager.events.read(defaultTenant, undefined, 100)).flatMap(({ event }) =>
      event.type === 'connection.needs_reauthorization' ? [[event.account, event.error]] : [],
    );
  return { ...sourced, manager, connections, idOf, states, tokenOf, endings };
}

test('where a revocation ends everything of a person, the others of that account are warned of', async () => {
  const { connections } = await connected('google', [...adaTwice, { account: 'home', id: 'bob' }]);
  const ends = Object.fromEntries(connections.map(({ account, endsToo }) => [account, endsToo]));
  expect(ends).toEqual({ default: ['work'], work: ['default'], home: undefined });
});

test('one that its person connects anew while that is found out goes on', async () => {
  const { server, openAnother, options } = await openSourced({}, noProof);
  const store = await openStore(options);
  const manager = await openAnother({ store, providers: { here: templateAt(server.url, 'google') } });
  await connectAccounts({ manager, server }, user, [
    { account: 'default', id: 'ada', answer: { refresh_token: undefined } },
    { account: 'work', id: 'ada' },
  ]);
  const write = store.connections.write.bind(store.connections);
  const spy = vi.spyOn(store.connections, 'write').mockImplementation(async (...change) => {
    const [first] = change[1];
    if (first?.kind === 'put_connection' && first.connection.state.kind === 'needs_reauthorization') {
      spy.mockRestore();
      await manager.storeToken(user, { provider: 'here', accessToken: 'at-anew' });
    }
    return write(...change);
  });
  await manager.deleteToken(user, 'here', { account: 'work' });
  expect((await manager.requireToken(user, 'here')).accessToken.reveal()).toBe('at-anew');
  expect(await manager.events.read(defaultTenant, undefined, 100)).not.toContainEqual(
    expect.objectContaining({ event: expect.objectContaining({ type: 'connection.needs_reauthorization' }) }),
  );
});

test('where it ends one grant, nothing is said of the others, and nobody asks about them', async () => {
  const { manager, connections, server, states } = await connected('salesforce', adaTwice);
  expect(connections.map(({ endsToo }) => endsToo)).toEqual([undefined, undefined]);
  const asked = server.requestsTo('/token').length;
  expect(await manager.deleteToken(user, 'here', { account: 'work' })).toEqual({ revoked: 'yes' });
  expect(server.requestsTo('/token')).toHaveLength(asked);
  expect(await states()).toEqual({ default: 'active' });
});

describe.each(storeKinds)('after a revocation that ended a sibling, on the %s store', (kind) => {
  test('that one wants its person, says so by an event, and keeps its record', async () => {
    const accounts = [...adaTwice, { account: 'home', id: 'bob' }];
    const { manager, server, idOf, states, tokenOf, endings } = await connected('google', accounts, kind);
    server.answer('/token', { status: 400, json: { error: 'invalid_grant' } });
    expect(await manager.deleteToken(user, 'here', { account: 'work' })).toEqual({
      revoked: 'yes',
      alsoEnded: [idOf('default')],
    });
    expect(await states()).toEqual({ default: 'reauthorization_required', home: 'active' });
    expect(await endings()).toEqual([['default', 'invalid_grant']]);
    // Its access token had an hour left by the clock.
    const refused = { code: 'reauthorization_required', connectUrl: expect.stringContaining('/oauth/here?link=') };
    await expect(tokenOf('default')).rejects.toMatchObject(refused);
    expect(await tokenOf('home')).toBe('at-home');
  });

  test('and whose provider gives no word is named, and left as it is', async () => {
    const { manager, server, idOf, states, tokenOf, endings } = await connected('google', adaTwice, kind);
    server.answer('/token', { status: 503 });
    const { alsoEnded } = await manager.deleteToken(user, 'here', { account: 'work' });
    expect(alsoEnded).toEqual([idOf('default')]);
    expect(await states()).toEqual({ default: 'active' });
    expect([await tokenOf('default'), await endings()]).toEqual(['at-default', []]);
  });
});

test('a sibling that turns out to be alive is not named, and goes on with its new token', async () => {
  const { manager, server, states, tokenOf } = await connected('hubspot', adaTwice);
  server.answer('/token', { json: { access_token: 'at-new', refresh_token: 'rt-new', expires_in: 3600 } });
  expect(await manager.deleteToken(user, 'here', { account: 'work' })).toEqual({ revoked: 'yes' });
  expect(await states()).toEqual({ default: 'active' });
  expect(await tokenOf('default')).toBe('at-new');
});

test('one without a refresh token ends by what the provider confirmed for the whole account', async () => {
  const accounts = adaTwice.map((one) => ({ ...one, answer: { refresh_token: undefined } }));
  const { manager, server, idOf, states, endings } = await connected('google', accounts);
  const asked = server.requestsTo('/token').length;
  const { alsoEnded } = await manager.deleteToken(user, 'here', { account: 'work' });
  expect(alsoEnded).toEqual([idOf('default')]);
  expect(server.requestsTo('/token')).toHaveLength(asked);
  expect(await states()).toEqual({ default: 'reauthorization_required' });
  expect(await endings()).toEqual([['default', 'revoked']]);
});

test('of a whole workspace it is not concluded: one without a refresh token may be of another', async () => {
  const accounts = [
    { account: 'default', id: 'ada', answer: { refresh_token: undefined } },
    { account: 'work', id: 'ada' },
  ];
  const { manager, idOf, states, endings } = await connected('hubspot', accounts);
  const { alsoEnded } = await manager.deleteToken(user, 'here', { account: 'work' });
  expect([alsoEnded, await states(), await endings()]).toEqual([[idOf('default')], { default: 'active' }, []]);
});

test('a revocation that the provider did not confirm ends nobody else, and asks about nobody', async () => {
  const { manager, server, states } = await connected('google', adaTwice);
  server.answer('/revoke', { status: 500 });
  const asked = server.requestsTo('/token').length;
  expect(await manager.deleteToken(user, 'here', { account: 'work' })).toEqual({ revoked: 'no' });
  expect(server.requestsTo('/token')).toHaveLength(asked);
  expect(await states()).toEqual({ default: 'active' });
});

test('one that had ended before is not said to have ended now', async () => {
  const { manager, server } = await connected('google', [...adaTwice, { account: 'third', id: 'ada' }]);
  server.answer('/token', { status: 400, json: { error: 'invalid_grant' } });
  await manager.deleteToken(user, 'here', { account: 'work' });
  expect(await manager.deleteToken(user, 'here', { account: 'third' })).toEqual({ revoked: 'yes' });
});

test('another entry of the same client is no other provider: what it has ends as well, and is told', async () => {
  const accounts = ['mail', 'other'].map((provider) => ({ account: provider, id: 'ada', provider }));
  const { manager, connections, server, idOf, states } = await connected('google', [...adaTwice, ...accounts]);
  const ends = Object.fromEntries(connections.map(({ account, endsToo }) => [account, endsToo]));
  expect(ends).toMatchObject({ default: ['work', 'The Mail'], work: ['default', 'The Mail'], other: undefined });
  expect(ends.mail).toHaveLength(1);
  server.answer('/token', { status: 400, json: { error: 'invalid_grant' } });
  const { alsoEnded } = await manager.deleteToken(user, 'here', { account: 'work' });
  expect(alsoEnded).toEqual([idOf('default'), idOf('mail')]);
  const ended = 'reauthorization_required';
  expect(await states()).toEqual({ default: ended, mail: ended, other: 'active' });
});
