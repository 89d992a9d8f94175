/** A grant whose attempts are used up ends: it is gone here, and given back if it ended so; and what its proof leaves behind. */

import { expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant, userIdSchema } from '../../src/core/identifiers.js';
import type { Store } from '../../src/core/store.js';
import { openBrowserHalf, user } from './browser-half.js';

const owner = { tenant: defaultTenant, userId: userIdSchema.parse(user) };

/** Somebody who is connected, has one grant whose last attempt is next, and another one that is younger. */
async function openLastAttempt() {
  const half = await openBrowserHalf();
  const { manager, server, store, finish } = half;
  const connected = await finish();
  await manager.submitProof(user, connected.page?.returnCode?.reveal() ?? '');
  const { connectId } = await finish({ account: 'second' });
  const fail = () => manager.submitProof(user, '22222222').catch((error: unknown) => error);
  for (let tries = 1; tries < 5; tries += 1) await fail();
  const younger = await finish({ account: 'third' });
  const awaiting = async () => (await store.connections.list(owner)).awaiting.map((grant) => grant.connectId);
  const revocations = () => server.requestsTo('/revoke').length;
  return { ...half, connectId, younger, fail, awaiting, revocations };
}

/** Does that in place of the write that removes a grant, whose reply is lost then. */
function losingReply(
  { connections }: Store,
  instead: (...change: Parameters<Store['connections']['write']>) => unknown,
) {
  const write = connections.write.bind(connections);
  const spy = vi.spyOn(connections, 'write').mockImplementation(async (...change) => {
    if (change[1].every(({ kind }) => kind !== 'remove_grant')) return write(...change);
    spy.mockRestore();
    await instead(...change);
    throw new StoreUnavailable('The test says so.', 'unknown');
  });
}

it('is gone, its connect says why, and the younger one and what works go on', async () => {
  const { manager, connectId, younger, fail, awaiting, revocations } = await openLastAttempt();
  expect(await fail()).toMatchObject({ attemptsLeft: 4 });
  expect([await awaiting(), revocations()]).toEqual([[younger.connectId], 1]);
  expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
  expect(await manager.hasToken(user, 'one')).toBe(true);
});

it('is given back where its removal was stored and the reply was lost', async () => {
  const { store, younger, fail, awaiting, revocations } = await openLastAttempt();
  losingReply(store, (...change) => store.connections.write(...change));
  expect(await fail()).toMatchObject({ attemptsLeft: 4 });
  expect([await awaiting(), revocations()]).toEqual([[younger.connectId], 1]);
});

it('stays, and is not given back, where its removal was not stored: the next attempt ends it', async () => {
  const { store, connectId, younger, fail, awaiting, revocations } = await openLastAttempt();
  losingReply(store, () => undefined);
  expect(await fail()).toMatchObject({ code: 'store_unavailable' });
  expect([(await awaiting()).includes(connectId), revocations()]).toEqual([true, 0]);
  await fail();
  expect([await awaiting(), revocations()]).toEqual([[younger.connectId], 1]);
});

it('is not given back where another process proved it meanwhile: that connection works', async () => {
  const { manager, store, connectId, fail, revocations } = await openLastAttempt();
  losingReply(store, async () => {
    const stored = (await store.connections.list(owner)).awaiting.find((grant) => grant.connectId === connectId);
    if (stored === undefined) throw new TypeError('there is no grant');
    const { grant, generation } = stored;
    const proof = { mode: 'chat_code' as const, provenAt: grant.connection.updatedAt, connectId };
    const connection = { ...grant.connection, proof };
    await store.connections.write(owner, [
      { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
      { kind: 'remove_grant', connectId, expect: generation },
    ]);
  });
  expect(await fail()).toMatchObject({ code: 'store_unavailable' });
  expect(revocations()).toBe(0);
  expect(await manager.hasToken(user, 'one', { account: 'second' })).toBe(true);
});

it('a grant that ends between its proof and its activation becomes no connection', async () => {
  const { finish, manager, store } = await openBrowserHalf();
  const { page, connectId } = await finish();
  const { connections } = store;
  const { write } = connections;
  let isFirst = true;
  connections.write = async (whose, changes, finishes) => {
    if (isFirst && changes.some(({ kind }) => kind === 'put_connection')) {
      isFirst = false;
      await write.call(connections, whose, [{ kind: 'remove_grant', connectId, expect: 'any' }]);
    }
    return write.call(connections, whose, changes, finishes);
  };
  await expect(manager.submitProof(user, page?.returnCode?.reveal() ?? '')).rejects.toMatchObject({ code: 'gone' });
  expect(await manager.hasToken(user, 'one')).toBe(false);
});

it('a connection says by which proof of which connect it came: who looks later knows that its grant was proven', async () => {
  const { finish, manager, store, clock } = await openBrowserHalf();
  const { page, connectId } = await finish();
  await manager.submitProof(user, page?.returnCode?.reveal() ?? '');
  const [stored] = (await store.connections.list(owner)).connections;
  expect(stored?.connection.proof).toEqual({ mode: 'chat_code', provenAt: clock.now(), connectId });
});
