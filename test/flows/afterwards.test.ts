/** What follows a change that is stored: a store or a provider that fails then neither hides it nor leaves tokens behind. */

import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import type { Store } from '../../src/core/store.js';
import { openBrowserHalf, user } from './browser-half.js';

const noProof = { connectProof: 'none', unsafeConnectWithoutProof: true } as const;
const away = () => Promise.reject(new StoreUnavailable('The store does not answer.', 'no'));

/** From now on the store keeps connections and grants, and nothing of what is noted beside them. */
function forgetEverythingBeside({ counters, expiring, due }: Store): void {
  const { add, find, remove } = { add: counters.add, find: expiring.find, remove: expiring.remove };
  vi.spyOn(counters, 'add').mockImplementation((name, ...rest) =>
    name.startsWith('proof-ended/') ? away() : add.call(counters, name, ...rest),
  );
  vi.spyOn(expiring, 'find').mockImplementation((kind, id) =>
    kind === 'connect' ? away() : find.call(expiring, kind, id),
  );
  vi.spyOn(expiring, 'remove').mockImplementation((kind, id) =>
    kind === 'usage_ledger' ? away() : remove.call(expiring, kind, id),
  );
  vi.spyOn(due, 'schedule').mockImplementation(away);
  vi.spyOn(due, 'unschedule').mockImplementation(away);
}

describe('a grant that cannot be kept', () => {
  const refuseGrants = ({ connections }: Store) => {
    const write = connections.write.bind(connections);
    vi.spyOn(connections, 'write').mockImplementation((owner, changes, finishes) =>
      changes.some(({ kind }) => kind === 'put_grant') ? away() : write(owner, changes, finishes),
    );
  };

  it.each([
    ['is revoked', {}, 1],
    ['is left alone where that would end what works with the same account', { template: 'google' }, 0],
  ])('%s', async (_title, entry, revocations) => {
    const { server, store, finish } = await openBrowserHalf(entry, noProof);
    await finish();
    refuseGrants(store);
    await expect(finish({ account: 'second' })).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(server.requestsTo('/revoke')).toHaveLength(revocations);
  });
});

it('a proven connection is told as connected, whatever cannot be noted beside it', async () => {
  const { manager, store, finish } = await openBrowserHalf();
  const { page } = await finish();
  forgetEverythingBeside(store);
  expect(await manager.submitProof(user, page?.returnCode?.reveal() ?? '')).toMatchObject({ identity: { id: '4711' } });
  expect((await manager.requireToken(user, 'one')).accessToken.reveal()).not.toBe('');
});

it('a grant that ends is given back, whatever cannot be noted beside it', async () => {
  const { manager, server, store, finish } = await openBrowserHalf();
  await finish();
  forgetEverythingBeside(store);
  await manager.eraseUser(user);
  expect(server.requestsTo('/revoke')).toHaveLength(1);
});

describe('disconnecting', () => {
  it('is told when the usage ledger cannot be removed', async () => {
    const { manager, store, finish, events } = await openBrowserHalf({}, noProof);
    await finish();
    forgetEverythingBeside(store);
    expect(await manager.deleteToken(user, 'one')).toEqual({ revoked: 'yes' });
    expect((await events()).at(-1)?.type).toBe('connection.deleted');
  });

  it('is told where nobody knows at which instance the tokens could be revoked', async () => {
    const zendesk = { template: 'zendesk', client_id: 'c', client_secret: 's' };
    const before = await openBrowserHalf({}, { providers: { zendesk: { ...zendesk, template: 'github' } } });
    await before.manager.storeToken(user, { provider: 'zendesk', accessToken: 'a' });
    const { manager, events } = await openBrowserHalf({}, { store: before.store, providers: { zendesk } });
    expect(await manager.deleteToken(user, 'zendesk')).toEqual({ revoked: 'no' });
    expect((await events()).at(-1)?.type).toBe('connection.deleted');
    expect(await manager.listUserConnections(user)).toEqual([]);
  });
});
