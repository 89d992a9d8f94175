/** A proven grant becomes the connection, over whatever was there before and whoever else writes meanwhile. */

import { expect, it, vi } from 'vitest';
import { StoredTokenUnreadable } from '../../src/core/errors.js';
import type { ManagerOptions } from '../../src/open-manager.js';
import { openBrowserHalf, user } from './browser-half.js';

/** Somebody who finishes in the browser with an account, and whose code is at hand. */
async function openProof(more: Partial<ManagerOptions> = {}) {
  const half = await openBrowserHalf({}, more);
  const finish = async (sub: string | null = '4711') => {
    half.server.answer('/userinfo', sub === null ? { status: 503 } : { json: { sub } });
    const { connectId, page } = await half.finish();
    return { connectId, prove: () => half.manager.submitProof(user, page?.returnCode?.reveal() ?? '') };
  };
  const told = async () =>
    (await half.events()).flatMap((event) =>
      event.type.startsWith('connection.') ? ['change' in event ? `${event.type} ${event.change}` : event.type] : [],
    );
  const tokenOf = async () => (await half.manager.requireToken(user, 'one')).accessToken.reveal();
  return { ...half, finish, told, tokenOf };
}

it('is tried again when somebody else has written meanwhile, and told once', async () => {
  const { manager, store, finish, told } = await openProof();
  const { connectId, prove } = await finish();
  vi.spyOn(store.connections, 'write').mockResolvedValueOnce('moved');
  expect(await prove()).toMatchObject({ connectId, provider: 'one', identity: { id: '4711' } });
  expect(await manager.hasToken(user, 'one')).toBe(true);
  expect(await manager.findConnect(connectId)).toMatchObject({ status: 'connected', identity: { id: '4711' } });
  expect(await told()).toEqual(['connection.created']);
});

it('gives up where others write all the time: nothing is told, and the code stays good', async () => {
  const { manager, store, finish, told } = await openProof();
  const { connectId, prove } = await finish();
  const write = vi.spyOn(store.connections, 'write').mockResolvedValue('moved');
  await expect(prove()).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('others'),
  });
  expect([await told(), await manager.hasToken(user, 'one')]).toEqual([[], false]);
  write.mockRestore();
  expect(await prove()).toMatchObject({ connectId });
});

it('says that the connection in its place is damaged, rather than that others write', async () => {
  const { store, finish } = await openProof();
  await (await finish()).prove();
  const { prove } = await finish();
  const list = store.connections.list.bind(store.connections);
  const unreadable = [{ field: 'c/one', error: new StoredTokenUnreadable('The test says so.') }];
  vi.spyOn(store.connections, 'list').mockImplementation(async (owner) => ({
    ...(await list(owner)),
    connections: [],
    unreadable,
  }));
  await expect(prove()).rejects.toMatchObject({ code: 'stored_token_unreadable' });
});

it('renews the same connection where the account is the same, which is no sharing, and gives nothing back', async () => {
  const { manager, server, clock, finish, told, trail } = await openProof({ accountPolicy: 'deny' });
  await (await finish()).prove();
  const [before] = await manager.listUserConnections(user);
  clock.advance(60_000);
  await (await finish()).prove();
  expect(await manager.listUserConnections(user)).toMatchObject([
    { connectionId: before?.connectionId, connectedAt: before?.connectedAt },
  ]);
  expect(await told()).toEqual(['connection.created', 'connection.updated reconnected']);
  expect([await trail('account.share'), server.requestsTo('/revoke')]).toEqual([[], []]);
});

it.each([
  ['before', null, '4711'],
  ['now', '4711', null],
])('renews the connection where nobody knows the account %s', async (_when, first, second) => {
  const { manager, server, finish, told } = await openProof({ accountPolicy: 'deny' });
  await (await finish(first)).prove();
  const [before] = await manager.listUserConnections(user);
  await (await finish(second)).prove();
  expect(await manager.listUserConnections(user)).toMatchObject([{ connectionId: before?.connectionId }]);
  expect(await told()).toEqual(['connection.created', 'connection.updated reconnected']);
  expect(server.requestsTo('/revoke')).toEqual([]);
});

it('is another connection where the account is another one, and the earlier grant is given back', async () => {
  const { manager, server, clock, finish, told, tokenOf } = await openProof();
  await (await finish()).prove();
  const earlier = await tokenOf();
  const [before] = await manager.listUserConnections(user);
  clock.advance(60_000);
  await (await finish('4712')).prove();
  const [after, ...others] = await manager.listUserConnections(user);
  expect(others).toEqual([]);
  expect(after).toMatchObject({ identity: { id: '4712' }, connectedAt: clock.now() });
  expect(after?.connectionId).not.toBe(before?.connectionId);
  expect(await told()).toEqual(['connection.created', 'connection.updated account_changed']);
  expect(server.requestsTo('/revoke')).toHaveLength(1);
  expect(await tokenOf()).not.toBe(earlier);
});

it('is refused where policy denies another account than before: what works goes on, the new grant is given back', async () => {
  const { manager, server, finish, told, tokenOf, trail } = await openProof({ accountPolicy: 'deny' });
  await (await finish()).prove();
  const earlier = await tokenOf();
  const { connectId, prove } = await finish('4712');
  await expect(prove()).rejects.toMatchObject({ code: 'account_mismatch', provider: 'one' });
  expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'account_mismatch' });
  expect([await tokenOf(), await told()]).toEqual([earlier, ['connection.created']]);
  expect(server.requestsTo('/revoke')).toHaveLength(1);
  const reason = 'account_mismatch, revoked: yes';
  expect(await trail('connect.end')).toMatchObject([
    { actor: { kind: 'system' }, user, provider: 'one', object: connectId, outcome: 'refused', reason },
  ]);
  await expect(prove()).rejects.toMatchObject({ code: 'gone', message: 'The code is used up or too old.' });
});

it('is not given back where it is refused and somebody else has moved it on meanwhile', async () => {
  const { store, server, finish, trail } = await openProof({ accountPolicy: 'deny' });
  await (await finish()).prove();
  const { prove } = await finish('4712');
  vi.spyOn(store.connections, 'write').mockResolvedValueOnce('moved');
  await expect(prove()).rejects.toMatchObject({ code: 'account_mismatch' });
  expect([await trail('connect.end'), server.requestsTo('/revoke')]).toEqual([[], []]);
});

it('fails once where no proof is asked for and the user is erased meanwhile', async () => {
  const { manager, store, server, link, consent, events } = await openProof({ unsafeConnectWithoutProof: true });
  const { code, connectId } = await link({ proof: 'none' });
  const { answer, cookie } = await consent(code);
  const save = store.expiring.save.bind(store.expiring);
  vi.spyOn(store.expiring, 'save').mockImplementation(async (...record) => {
    if (record[0] === 'finished_flow' && server.requestsTo('/revoke').length === 0) await manager.eraseUser(user);
    await save(...record);
  });
  await expect(manager.finishAuthorization('one', answer, cookie)).rejects.toMatchObject({ code: 'gone' });
  const told = (await events()).filter(({ type }) => type !== 'connect.progressed');
  expect(told).toMatchObject([{ type: 'connect.failed', connectId, error: 'erased' }]);
  expect(await manager.describeFinished('one', cookie)).toMatchObject({ status: 'failed' });
  expect(await manager.hasToken(user, 'one')).toBe(false);
});

it('leaves no entry of the account where its code came twice and the first of the two is disconnected', async () => {
  const { manager, store, finish } = await openProof();
  const { prove } = await finish();
  const { list } = store.connections;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let held = () => {};
  const isHeld = new Promise<void>((resolve) => (held = resolve));
  vi.spyOn(store.connections, 'list')
    // The first look is for the code, the second for the grant.
    .mockImplementationOnce((owner) => list.call(store.connections, owner))
    .mockImplementationOnce(async (owner) => {
      const records = await list.call(store.connections, owner);
      held();
      await released;
      return records;
    });
  const put = vi.spyOn(store.documents, 'put');
  const late = prove();
  await isHeld;
  await prove();
  await manager.deleteToken(user, 'one');
  release();
  await expect(late).rejects.toMatchObject({ code: 'gone' });
  const entered = put.mock.calls.map(([collection]) => collection).filter((name) => name.startsWith('account-'));
  expect(new Set(entered).size).toBe(1);
  expect(await store.documents.list(entered[0] ?? '')).toEqual(new Map());
});

it('forgets who used the connection that another account has replaced, and keeps it where the account is the same', async () => {
  const { manager, store, finish } = await openProof();
  const usesOf = async (connectionId = '') => (await store.expiring.find('usage_ledger', connectionId))?.uses ?? [];
  await (await finish()).prove();
  const { connectionId } = await manager.requireToken(user, 'one', { usedBy: { caller: 'bot' } });
  await expect.poll(() => usesOf(connectionId)).toHaveLength(1);
  await (await finish()).prove();
  expect(await usesOf(connectionId)).toHaveLength(1);
  await (await finish('4712')).prove();
  expect(await usesOf(connectionId)).toEqual([]);
});
