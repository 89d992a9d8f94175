/** Disconnecting: forgotten here, then revoked at the provider. The whole way, as a picture: docs/disconnecting.md. */

import { type Connection, refOf, type StoredConnection } from '../core/connection.js';
import { KeyUnavailable, StoredTokenUnreadable, StoreUnavailable } from '../core/errors.js';
import { defaultAccount, type Owner } from '../core/identifiers.js';
import type { RevocationOutcome } from '../core/views.js';
import { about, announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import { dropDevices } from './device/drop-devices.js';
import { concludeEnd, endGrant } from './end-grant.js';
import { type ConnectionWish, type FoundConnection, findConnection } from './find-connection.js';
import { giveBack } from './give-back.js';
import { keepUntilRevoked } from './open-revocations.js';
import { dropPendingActions } from './pending-actions.js';
import { aboutConnection, recordAct, system } from './record-act.js';
import { revokeConnection } from './revoke-connection.js';
import { schedule, scheduleRefresh } from './schedule.js';
import { enterAccount, leaveAccount } from './shared-account.js';
import { handOver } from './shared-chain.js';
import { forgetUses } from './usage-ledger.js';
import { writeForCertain } from './write-for-certain.js';

/**
 * Removes the connection and revokes its tokens. Idempotent: what is not there is not an error. The local copy goes
 * first and for certain; a refresh that comes back later finds it gone and revokes what it brought.
 *
 * @param found what the wish means, where that is known already
 * @returns whether the provider confirmed; `no` as well when there was nothing to revoke
 * @throws {StoreUnavailable} nothing was changed, as far as the store says
 */
export async function disconnect(
  deps: Dependencies,
  wish: ConnectionWish,
  found?: FoundConnection | 'unreadable',
): Promise<RevocationOutcome> {
  const meant = found ?? (await findRemovable(deps, wish));
  if (meant === 'unreadable') return removeUnreadable(deps, wish);
  return meant.kind === 'none' ? 'no' : removeAndRevoke(deps, meant.stored);
}

/**
 * Removes what stands at that place by now, even if it changed.
 * The wish itself is not looked up again: it might now mean another connection.
 */
async function removeAndRevoke(deps: Dependencies, found: StoredConnection): Promise<RevocationOutcome> {
  const ref = refOf(found.connection);
  for (let stored: StoredConnection | undefined = found; stored !== undefined; ) {
    const latest: StoredConnection = stored;
    await handOver(deps, latest);
    const revoked = await keepUntilRevoked(deps, latest, async (leave) =>
      (await remove(deps, latest)) ? concludeRemoval(deps, latest, leave) : undefined,
    );
    if (revoked !== undefined) return revoked;
    stored = await deps.store.connections.find(ref);
  }
  return 'no';
}

/** As {@link findConnection}, but a record that nobody can read is no error: it can still be forgotten. */
export async function findRemovable(deps: Dependencies, wish: ConnectionWish): Promise<FoundConnection | 'unreadable'> {
  try {
    return await findConnection(deps, wish);
  } catch (error) {
    if (error instanceof StoredTokenUnreadable) return 'unreadable';
    throw error;
  }
}

/** Nobody knows its tokens any more, so there is nothing that could be revoked. */
async function removeUnreadable(deps: Dependencies, wish: ConnectionWish): Promise<RevocationOutcome> {
  const { owner, provider, account = defaultAccount } = wish;
  const ref = { owner, provider, account };
  await deps.store.connections.write(owner, [{ kind: 'remove_connection', ref, expect: 'any' }]);
  await schedule(deps, ref, undefined);
  return 'no';
}

/** By compare-and-set, so that the tokens that are revoked are the newest there were. */
async function remove(deps: Dependencies, stored: StoredConnection): Promise<boolean> {
  const { connections } = deps.store;
  const ref = refOf(stored.connection);
  const { connectionId } = stored.connection;
  const write = () => connections.write(ref.owner, [{ kind: 'remove_connection', ref, expect: stored.generation }]);
  const hasHappened = async () => (await connections.find(ref))?.connection.connectionId !== connectionId;
  return (await writeForCertain(write, hasHappened)) === 'stored';
}

/** @param leave called if an index still names the connection because the store was away; a worker finishes that later */
async function concludeRemoval(
  deps: Dependencies,
  { connection }: StoredConnection,
  leave: () => void,
): Promise<RevocationOutcome> {
  const { isAnew, isClear } = await clearPlace(deps, connection);
  const revoked = await (isAnew ? giveBack(deps, connection) : revokeConnection(deps, connection));
  await tellRemoval(deps, connection);
  if (!isClear && !(await clearPlace(deps, connection)).isClear) leave();
  return revoked;
}

/**
 * The same for a process that died. A new connection that was made meanwhile, even to the same account, is kept.
 *
 * @param isAlone the person has nothing else at that provider, so it is revoked even if nobody knows whose account it is
 */
export async function concludeLeftRemoval(
  deps: Dependencies,
  connection: Omit<Connection, 'proof'>,
  isAlone: boolean,
): Promise<void> {
  const isAnew = await clearLeftPlace(deps, connection);
  const isPersons = isAlone && !isAnew && connection.identity === undefined;
  const reason = `revoked: ${await (isPersons ? revokeConnection : giveBack)(deps, connection)}`;
  await recordAct(deps, { act: 'disconnect', actor: system, ...aboutConnection(connection), outcome: 'ok', reason });
  if (!isAnew) await tellRemoval(deps, connection);
}

/**
 * Removes a connection from the indexes, once it is removed, revoked and announced.
 *
 * @returns whether there is a new connection in its place
 * @throws {StoreUnavailable} they cannot be written still
 */
export async function clearLeftPlace(deps: Dependencies, connection: Omit<Connection, 'proof'>): Promise<boolean> {
  const { isAnew, isClear } = await clearPlace(deps, connection);
  if (!isClear) throw new StoreUnavailable('The indexes cannot be written.', 'no');
  return isAnew;
}

async function tellRemoval(deps: Dependencies, connection: Omit<Connection, 'proof'>): Promise<void> {
  const { tenant, connectionId } = connection;
  await forgetUses(deps, connectionId);
  await announce(deps, tenant, { type: 'connection.deleted', ...about(connection, deps.now()) });
}

/**
 * Takes the connection's place out of the indexes. This comes before the request to the provider, which may take seconds:
 * somebody who reconnects meanwhile is entered under the same names. If they reconnected before this, they are entered again.
 *
 * @returns `isAnew`: there is a new connection, which must not end with this one; `isClear`: no index of accounts names
 *   this one any more
 */
async function clearPlace(
  deps: Dependencies,
  connection: Omit<Connection, 'proof'>,
): Promise<{ readonly isAnew: boolean; readonly isClear: boolean }> {
  const ref = refOf(connection);
  const isClear = await leaveAccount(deps, connection);
  await schedule(deps, ref, undefined);
  try {
    const anew = await deps.store.connections.find(ref);
    if (anew === undefined) return { isAnew: false, isClear };
    await enterAccount(deps, anew.connection);
    await scheduleRefresh(deps, anew.connection);
  } catch {
    deps.log.warn({ provider: connection.provider }, 'whether somebody has connected anew could not be seen');
    return { isAnew: false, isClear };
  }
  return { isAnew: true, isClear };
}

/** What erasing a user did, in numbers of connections. */
export interface Erasure {
  readonly connections: number;
  readonly revoked: number;
  readonly notRevoked: number;
  readonly unsupported: number;
}

/** How often we look for connections that were made while others were being revoked; they are revoked as well. */
const mostRounds = 5;

/**
 * Revokes and removes everything of one owner: connections, unproven grants, and every record beside them. Device
 * authorizations first, since their consent may come at any moment.
 *
 * @throws {KeyUnavailable} a record was sealed by a process with another key: it is left for one that can have it revoked
 * @throws {StoreUnavailable} what is left can be erased by another call
 */
export async function eraseUser(deps: Dependencies, owner: Owner): Promise<Erasure> {
  await dropDevices(deps, owner);
  const outcomes: RevocationOutcome[] = [];
  for (let isLast = false, rounds = 0; !isLast && rounds < mostRounds; rounds += 1) {
    const records = await deps.store.connections.list(owner);
    const sealedElsewhere = records.unreadable.find(({ error }) => error instanceof KeyUnavailable);
    if (sealedElsewhere !== undefined) throw sealedElsewhere.error;
    for (const { connection } of records.connections) {
      const { provider, account } = connection;
      outcomes.push(await disconnect(deps, { owner, provider, account }));
    }
    for (const grant of records.awaiting) await endGrant(deps, grant, 'erased');
    await dropPendingActions(deps, owner, records);
    isLast = records.connections.length + records.awaiting.length === 0;
  }
  const late = await deps.store.connections.erase(owner);
  for (const stored of late.connections) {
    outcomes.push(await keepUntilRevoked(deps, stored, (leave) => concludeRemoval(deps, stored, leave)));
  }
  for (const { connectId, grant } of late.awaiting) {
    const ended = { connectId, connection: grant.connection };
    await keepUntilRevoked(deps, ended, () => concludeEnd(deps, ended, 'erased'));
  }
  const count = (outcome: RevocationOutcome) => outcomes.filter((each) => each === outcome).length;
  return {
    connections: outcomes.length + late.unreadable.length,
    revoked: count('yes'),
    notRevoked: count('no'),
    unsupported: count('unsupported'),
  };
}
