/** What a process had begun to end when it died, at a provider that revokes one grant: what is still there is left alone. */

import { expect, it } from 'vitest';
import type { Connection } from '../../src/core/connection.js';
import { StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant, userIdSchema } from '../../src/core/identifiers.js';
import { silentLog } from '../../src/core/log.js';
import { keepUntilRevoked } from '../../src/flows/open-revocations.js';
import { eventually } from '../support/redis.js';
import { openBrowserHalf, user } from './browser-half.js';

const owner = { tenant: defaultTenant, userId: userIdSchema.parse(user) };

/** Somebody who is connected, and has two grants that await their proof; the first of them is what the process is at. */
async function openLeft(account = 'second') {
  const half = await openBrowserHalf();
  const { manager, server, store, clock, finish } = half;
  const connected = await finish();
  await manager.submitProof(user, connected.page?.returnCode?.reveal() ?? '');
  const { connectId, page } = await finish({ account });
  await finish({ account: 'third' });
  const { awaiting, connections } = await store.connections.list(owner);
  const [stored, working] = [awaiting.find((grant) => grant.connectId === connectId), connections[0]];
  if (stored === undefined || working === undefined) throw new TypeError('nothing is there');
  const prove = () => manager.submitProof(user, page?.returnCode?.reveal() ?? '');
  const remove = () => store.connections.write(owner, [{ kind: 'remove_grant', connectId, expect: stored.generation }]);
  /** A process dies after a step of its work; a minute later another one finishes that. */
  const dieAfter = async (
    step: () => Promise<unknown>,
    noted: { connection: Omit<Connection, 'proof'>; connectId?: string } = { ...stored.grant, connectId },
  ) => {
    await new Promise<void>((onDeath) => {
      const dying = () => step().then(() => new Promise<never>(() => onDeath()));
      void keepUntilRevoked({ store, log: silentLog, now: clock.now }, noted, dying);
    });
    clock.advance(60_000);
    manager.startBackgroundWork();
    await eventually('nothing is open', async () => (await store.documents.list('open-revocations')).size === 0);
  };
  const revocations = () => server.requestsTo('/revoke').length;
  return { ...half, connectId, working, prove, remove, dieAfter, revocations };
}

it('a grant that is gone is revoked, and its connect has ended', async () => {
  const { manager, connectId, remove, dieAfter, revocations } = await openLeft();
  await dieAfter(remove);
  expect(revocations()).toBe(1);
  expect(await manager.findConnect(connectId)).toMatchObject({ status: 'expired' });
});

it('a grant that was not removed goes on waiting for its proof', async () => {
  const { manager, prove, dieAfter, revocations } = await openLeft();
  await dieAfter(async () => undefined);
  expect(revocations()).toBe(0);
  await prove();
  expect(await manager.hasToken(user, 'one', { account: 'second' })).toBe(true);
});

// The connection that it renews keeps the id that it had.
it.each(['second', 'default'])('a grant that was proven after all works: account "%s"', async (account) => {
  const { manager, connectId, prove, dieAfter, revocations } = await openLeft(account);
  await dieAfter(prove);
  expect(revocations()).toBe(0);
  expect(await manager.hasToken(user, 'one', { account })).toBe(true);
  expect(await manager.findConnect(connectId)).toMatchObject({ status: 'connected' });
});

it('a connection that was not removed works, and nobody is told of an end', async () => {
  const { manager, working, prove, dieAfter, revocations, trail } = await openLeft();
  await prove();
  await dieAfter(async () => undefined, working);
  expect(revocations()).toBe(0);
  expect(await manager.hasToken(user, 'one')).toBe(true);
  expect(await trail('disconnect')).toEqual([]);
});

it('what cannot be noted, or not be struck off, is done all the same, and warned of', async () => {
  const { store, working, clock } = await openLeft();
  const refuse = () => Promise.reject(new StoreUnavailable('The test says so.', 'no'));
  store.documents.put = refuse;
  store.documents.remove = refuse;
  const told: unknown[] = [];
  const log = { ...silentLog, warn: (fields: object) => void told.push(fields) };
  expect(await keepUntilRevoked({ store, log, now: clock.now }, working, async () => 'done')).toBe('done');
  expect(told).toEqual([{ provider: 'one' }, { provider: 'one' }]);
});
