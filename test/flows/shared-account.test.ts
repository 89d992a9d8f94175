/** One account at a provider under several users: who is found by it, who is told, and what an index that is stale costs. */

import { describe, expect, it, vi } from 'vitest';
import { OAuthNotConnected, StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant, providerIdSchema } from '../../src/core/identifiers.js';
import type { Store } from '../../src/core/store.js';
import { findByAccount } from '../../src/flows/shared-account.js';
import { eventually } from '../support/redis.js';
import { openBrowserHalf } from './browser-half.js';
import { ada, away, bob, eve, openPeople } from './people.js';

/** The index of accounts cannot be written to while this work goes on. */
async function withStaleIndex({ documents }: Store, work: () => Promise<unknown>): Promise<void> {
  const remove = documents.remove.bind(documents);
  const refusing = vi.spyOn(documents, 'remove');
  refusing.mockImplementation((name, id) => (name.startsWith('account-') ? Promise.reject(away()) : remove(name, id)));
  await work();
  refusing.mockRestore();
}

/** Does this once the next change of connections is stored, before whoever has stored it goes on. */
function afterNextWrite({ connections }: Store, work: () => Promise<unknown>): void {
  const write = connections.write.bind(connections);
  vi.spyOn(connections, 'write').mockImplementationOnce(async (...changes) => {
    const outcome = await write(...changes);
    await work();
    return outcome;
  });
}

describe('the account of another user', () => {
  it('is told to each who has it, and to the trail with how many they are', async () => {
    const { connect, told, trail } = await openPeople();
    await connect(ada, '7');
    expect([await told(), await trail('account.share')]).toEqual([[], []]);
    await connect(eve, '7');
    expect(await told()).toEqual([`${ada} default account_shared`]);
    await connect(bob, '7');
    expect((await told()).slice(1).sort()).toEqual([ada, eve].map((who) => `${who} default account_shared`).sort());
    const system = { kind: 'system', id: 'valetkey' };
    expect(await trail('account.share')).toMatchObject([
      { user: eve, provider: 'one', actor: system, outcome: 'ok', reason: '1 other connection' },
      { user: bob, provider: 'one', actor: system, outcome: 'ok', reason: '2 other connections' },
    ]);
  });

  it('is refused where policy says so; those who have it are told, and the refused one is not found by it', async () => {
    const { connect, told, trail } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    expect(await connect(eve, '7')).toMatchObject({ status: 'failed', error: 'account_shared' });
    expect(await told()).toEqual([`${ada} default account_share_refused`]);
    expect(await trail('account.share')).toMatchObject([{ user: eve, outcome: 'refused' }]);
  });

  it('is no other user’s under another label, with another id, at another provider or in another tenant', async () => {
    const { manager, connect, told, finish } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    expect(await connect(ada, '7', { account: 'work' })).toMatchObject({ status: 'connected' });
    expect(await connect(eve, '8')).toMatchObject({ status: 'connected' });
    expect((await finish({ tenant: 'acme' }, eve)).page).toMatchObject({ status: 'connected' });
    await manager.deleteToken(ada, 'one');
    await manager.deleteToken(ada, 'one', { account: 'work' });
    expect(await connect(bob, '7')).toMatchObject({ status: 'connected' });
    expect(await told()).toEqual([]);
  });

  it('is the business of one tenant: who connects it in another neither meets it nor takes it out of the index', async () => {
    const { connect, finish } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    expect((await finish({ tenant: 'acme' }, eve)).page).toMatchObject({ status: 'connected' });
    expect(await connect(bob, '7')).toMatchObject({ status: 'failed', error: 'account_shared' });
  });

  it('is none where the provider does not say whose it is', async () => {
    const { manager, server, connect, told, finish } = await openPeople({ accountPolicy: 'deny' });
    server.answer('/userinfo', { json: {} });
    for (const who of [ada, eve]) expect((await finish({}, who)).page).toMatchObject({ status: 'connected' });
    expect(await manager.deleteToken(eve, 'one')).toEqual({ revoked: 'yes' });
    expect(await connect(bob, '7')).toMatchObject({ status: 'connected' });
    expect(await told()).toEqual([]);
  });

  it('is looked for again where the index is stale: what has moved on is no longer found, and leaves it', async () => {
    const { store, connect, told, manager } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    await withStaleIndex(store, () => manager.deleteToken(ada, 'one'));
    const removed = vi.spyOn(store.documents, 'remove');
    expect(await connect(eve, '7')).toMatchObject({ status: 'connected' });
    expect(removed.mock.calls.filter(([name]) => name.startsWith('account-'))).toHaveLength(1);
    expect(await told()).toEqual([]);
  });

  it('is out of the index with its connection', async () => {
    const { store, connect, manager } = await openPeople();
    const entered = vi.spyOn(store.documents, 'put');
    await connect(ada, '7');
    const removed = vi.spyOn(store.documents, 'remove');
    await manager.deleteToken(ada, 'one');
    const inIndex = (calls: readonly (readonly string[])[]) => calls.filter(([name]) => name?.startsWith('account-'));
    const places = inIndex(entered.mock.calls.map(([name, id]) => [name, id]));
    expect(places).toHaveLength(1);
    expect(inIndex(removed.mock.calls)).toEqual(places);
  });

  it('stays that of a user who connects anew while the provider is still asked to revoke, and so does the due refresh', async () => {
    const { manager, server, store, connect } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    let letGo = () => {};
    const after = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    server.answer('/revoke', { status: 200, after });
    const disconnecting = manager.deleteToken(ada, 'one');
    await eventually('the provider is asked', () => server.requestsTo('/revoke').length === 1);
    await connect(ada, '7');
    letGo();
    await disconnecting;
    expect(await store.due.claim(Date.UTC(2100, 0), 10, 1)).toMatchObject([
      { stored: { connection: { userId: ada } } },
    ]);
    expect(await connect(eve, '7')).toMatchObject({ status: 'failed', error: 'account_shared' });
  });

  it('stays that of a user who connects anew before the index was told of the end, and so does the due refresh', async () => {
    const { manager, store, connect } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    afterNextWrite(store, () => connect(ada, '7'));
    await manager.deleteToken(ada, 'one');
    expect(await store.due.claim(Date.UTC(2100, 0), 10, 1)).toMatchObject([
      { stored: { connection: { userId: ada } } },
    ]);
    expect(await connect(eve, '7')).toMatchObject({ status: 'failed', error: 'account_shared' });
  });

  it('is found though its user was at another one for a moment', async () => {
    const { store, connect, told } = await openPeople();
    await connect(ada, '7');
    const schedule = store.due.schedule.bind(store.due);
    vi.spyOn(store.due, 'schedule').mockImplementationOnce(async (...due) => {
      await connect(ada, '7');
      await schedule(...due);
    });
    await connect(ada, '8');
    await connect(eve, '7');
    expect((await told()).at(-1)).toBe(`${ada} default account_shared`);
  });

  it('is found though its user had a token of the host for a moment', async () => {
    const { manager, store, connect, told } = await openPeople();
    await connect(ada, '7');
    afterNextWrite(store, () => connect(ada, '7'));
    await manager.storeToken(ada, { provider: 'one', accessToken: 'of the host' });
    await connect(eve, '7');
    expect(await told()).toEqual([`${ada} default account_shared`]);
  });

  it('is looked for in vain where the provider no longer says whose it is', async () => {
    const { server, store, connect, told, finish } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    server.answer('/userinfo', { json: {} });
    await withStaleIndex(store, () => finish({}, ada));
    expect(await connect(eve, '7')).toMatchObject({ status: 'connected' });
    expect(await told()).toEqual([]);
  });

  it('costs nobody the connect when its record is damaged, but does when the store is away', async () => {
    const { store, connect, told } = await openPeople({ accountPolicy: 'deny' });
    await connect(ada, '7');
    const find = vi.spyOn(store.connections, 'find');
    find.mockRejectedValueOnce(new Error('damaged'));
    expect(await connect(eve, '7')).toMatchObject({ status: 'connected' });
    expect(await told()).toEqual([]);
    find.mockRejectedValueOnce(away());
    await expect(connect(bob, '7')).rejects.toThrow(StoreUnavailable);
  });
});

it.each([
  ['another instance than the one that was asked for', 'zendesk', { subdomain: 'other' }, {}, []],
  ['the same instance', 'zendesk', { subdomain: 'acme' }, {}, [`${ada} default account_shared`]],
  [
    'whatever the provider tells beside it',
    'zoom',
    { subdomain: 'acme' },
    { api_url: 'https://eu.example' },
    [`${ada} default account_shared`],
  ],
  ['whatever the caller says that the provider does not know', 'zoom', {}, {}, [`${ada} default account_shared`]],
])('an account id means somebody at %s', async (_title, template, parameters, answer, expected) => {
  const { server, connect, told } = await openPeople({}, { template });
  const token = { access_token: 'at', token_type: 'Bearer', expires_in: 3600, api_url: 'https://us.example' };
  server.answer('/token', { json: token }, { json: { ...token, ...answer } });
  await connect(ada, '7', { parameters: { subdomain: 'acme' } });
  await connect(eve, '7', { parameters });
  expect(await told()).toEqual(expected);
});

describe('the connections to an account', () => {
  it('are found by its id: not those that have moved on, and not those whose record is damaged', async () => {
    const { manager, server, store, connect, finish } = await openPeople();
    for (const who of [ada, eve, bob]) await connect(who, '7');
    await withStaleIndex(store, () => connect(bob, '8'));
    const at = { tenant: defaultTenant, provider: providerIdSchema.parse('one') };
    const providers = { find: () => undefined, findNaming: () => undefined, configured: () => [], known: () => [] };
    const passedOver = vi.fn();
    const holders = async (accountId: string) => {
      const found = await findByAccount({ store, providers }, { ...at, accountId }, passedOver);
      return found.map(({ connection }) => connection.userId).sort();
    };
    expect(await holders('7')).toEqual([ada, eve]);
    expect(await holders('8')).toEqual([bob]);
    expect(await holders('9')).toEqual([]);
    await connect('chat:dan', '7');
    await connect('chat:joe', '7');
    server.answer('/userinfo', { json: {} });
    await withStaleIndex(store, () => finish({}, 'chat:dan'));
    await withStaleIndex(store, () => manager.deleteToken('chat:joe', 'one'));
    expect(await holders('7')).toEqual([ada, eve]);
    const find = store.connections.find.bind(store.connections);
    const failing = vi.spyOn(store.connections, 'find');
    failing.mockImplementation((ref) => (ref.owner.userId === eve ? Promise.reject(new Error('damaged')) : find(ref)));
    expect(await holders('7')).toEqual([ada]);
    expect(passedOver).toHaveBeenCalledTimes(1);
    await expect(findByAccount({ store, providers }, { ...at, accountId: '7' })).rejects.toThrow('damaged');
    failing.mockImplementation((ref) => (ref.owner.userId === eve ? Promise.reject(away()) : find(ref)));
    await expect(holders('7')).rejects.toThrow(StoreUnavailable);
    failing.mockRestore();
    await manager.deleteToken(eve, 'one');
    expect(await holders('7')).toEqual([ada]);
  });
});

it('a proof for another account than before is refused where policy says so, with a link to the same place', async () => {
  const half = await openBrowserHalf({}, { accountPolicy: 'deny' });
  const prove = async (id: string, request: Parameters<typeof half.finish>[0]) => {
    half.server.answer('/userinfo', { json: { sub: id } });
    const { page } = await half.finish(request, ada);
    return half.manager.submitProof(ada, page?.returnCode?.reveal() ?? '');
  };
  const request = { account: 'work', scopes: ['mail'], parameters: { region: 'eu' } };
  await prove('7', request);
  const refusal = await prove('8', request).catch((error: unknown) => error);
  if (!(refusal instanceof OAuthNotConnected)) throw new TypeError('not refused');
  expect(refusal).toMatchObject({ code: 'account_mismatch', reason: 'account_mismatch', provider: 'one' });
  const link = new URL(refusal.connectUrl).searchParams.get('link') ?? '';
  expect(await half.manager.resolveLinkCode(link)).toMatchObject({ userId: ada, account: 'work', scope: ['mail'] });
  const { identity, parameters } = await half.manager.requireToken(ada, 'one', { account: 'work' });
  expect([identity?.id, parameters]).toEqual(['7', { region: 'eu' }]);
});
