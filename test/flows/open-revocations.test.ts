/** What a process that died was removing, and what others make of it; with processes killed: test/faults/lost-revocations.test.ts. */

import { expect, it, vi } from 'vitest';
import { refOf } from '../../src/core/connection.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { silentLog } from '../../src/core/log.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { keepUntilRevoked } from '../../src/flows/open-revocations.js';
import { openStore } from '../../src/open-store.js';
import { connectAccounts, templateAt } from '../support/connected-accounts.js';
import { eventually } from '../support/redis.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:ada';
const ada = { account: 'default', id: 'ada' };
/** It revokes everything of a person at once. */
const google = (url: string) => templateAt(url, 'google');

const noRecords = { connections: [], awaiting: [], lastUsedAt: new Map<string, number>(), unreadable: [] };

/** A person with one connection, and two processes whose workers have not begun. */
async function open(who = ada) {
  const noProof = { unsafeConnectWithoutProof: true, connectProof: 'none', refreshAhead: false } as const;
  const { server, options, clock, openAnother } = await openSourced({}, noProof);
  const store = await openStore({ ...options, now: clock.now });
  const providers = { here: google(server.url) };
  const [manager, other] = [await openAnother({ store, providers }), await openAnother({ providers })];
  await connectAccounts({ manager, server }, user, [who]);
  const [stored] = (await store.connections.list(parseOwner(user, undefined))).connections;
  if (stored === undefined) throw new TypeError('nothing is connected');
  const ref = refOf(stored.connection);
  const remove = () =>
    store.connections.write(ref.owner, [{ kind: 'remove_connection', ref, expect: stored.generation }]);
  /** Begins to remove it as a process that dies on the way; answers when that is dead. */
  const dieAfter = async (step: () => Promise<unknown>) => {
    await new Promise<void>((onDeath) => {
      const dying = () => step().then(() => new Promise<never>(() => onDeath()));
      void keepUntilRevoked({ store, log: silentLog, now: clock.now }, stored, dying);
    });
  };
  const openOnes = async () => (await store.documents.list('open-revocations')).size;
  /** Lets both look until nothing is open any more. */
  const finish = async () => {
    clock.advance(60_000);
    for (const each of [manager, other]) each.startBackgroundWork();
    await eventually('nothing is open', async () => (await openOnes()) === 0);
  };
  const revoked = () => server.requestsTo('/revoke').map(({ form }) => form.get('token'));
  const connectAnew = () => connectAccounts({ manager, server }, user, [{ ...ada, answer: { access_token: 'at-2' } }]);
  return { manager, other, store, ref, clock, remove, dieAfter, openOnes, finish, revoked, connectAnew };
}

it('is revoked by one of all processes, which tells of it as the disconnect would have', async () => {
  const { manager, remove, dieAfter, finish, revoked } = await open();
  await dieAfter(remove);
  await finish();
  expect(revoked()).toEqual(['rt-default']);
  const events = (await manager.events.read(defaultTenant, undefined, 100)).map(({ event }) => event.type);
  expect(events.filter((type) => type === 'connection.deleted')).toHaveLength(1);
  const trail = (await manager.audit.read(defaultTenant, undefined, 100)).map(({ entry }) => entry);
  expect(trail.filter(({ act }) => act === 'disconnect')).toMatchObject([
    { actor: { kind: 'system' }, user, provider: 'here', outcome: 'ok', reason: 'revoked: yes' },
  ]);
});

it('is left to the process that began it for a minute', async () => {
  const { other, clock, remove, dieAfter, openOnes, revoked } = await open();
  await dieAfter(remove);
  clock.advance(59_000);
  other.startBackgroundWork();
  // After the round that has begun.
  await other.close();
  expect(await openOnes()).toBe(1);
  expect(revoked()).toEqual([]);
});

it('goes on working where it was never removed', async () => {
  const { manager, dieAfter, finish, revoked } = await open();
  await dieAfter(async () => undefined);
  await finish();
  expect(revoked()).toEqual([]);
  expect((await manager.requireToken(user, 'here')).accessToken.reveal()).toBe('at-default');
});

it('is not revoked where that would end what its person has connected since', async () => {
  const { manager, remove, dieAfter, finish, revoked, connectAnew } = await open();
  await dieAfter(remove);
  await connectAnew();
  await finish();
  expect(revoked()).toEqual([]);
  expect((await manager.requireToken(user, 'here')).accessToken.reveal()).toBe('at-2');
  const events = (await manager.events.read(defaultTenant, undefined, 100)).map(({ event }) => event.type);
  expect(events).not.toContain('connection.deleted');
});

it('waits where a record of its person cannot be read: that may be it', async () => {
  const { manager, store, ref, clock, remove, dieAfter, openOnes, finish, revoked } = await open();
  await dieAfter(remove);
  const list = vi.spyOn(store.connections, 'list');
  list.mockImplementation(async () => ({ ...noRecords, unreadable: [{ field: 'c/here', error: new TypeError() }] }));
  clock.advance(60_000);
  manager.startBackgroundWork();
  await eventually('it has looked', () => list.mock.calls.some(([owner]) => owner.userId === ref.owner.userId));
  expect(await openOnes()).toBe(1);
  expect(revoked()).toEqual([]);
  list.mockRestore();
  await finish();
  expect(revoked()).toEqual(['rt-default']);
});

it.each([
  ['is revoked also where nobody knows whose account it was', undefined, ['rt-default']],
  ['is left alone there if its person has another one at that provider', 'work', []],
])('%s', async (_title, account, expected) => {
  const { manager, dieAfter, remove, finish, revoked } = await open({ ...ada, id: '' });
  if (account) await manager.storeToken(user, { provider: 'here', account, accessToken: 'at-2' });
  await dieAfter(remove);
  await finish();
  expect(revoked()).toEqual(expected);
});

it('is noted nowhere once it is done', async () => {
  const { manager, openOnes, revoked } = await open();
  expect(await manager.deleteToken(user, 'here')).toEqual({ revoked: 'yes' });
  expect(revoked()).toEqual(['rt-default']);
  expect(await openOnes()).toBe(0);
});
