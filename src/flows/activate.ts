/** Turns a proven grant into the connection that callers get tokens from. */

import { type Connection, nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { Gone, StoreUnavailable } from '../core/errors.js';
import type { Owner } from '../core/identifiers.js';
import type { OwnerRecords, StoredGrant } from '../core/store.js';
import type { ProvenConnect } from '../core/views.js';
import { about, announce } from './announce.js';
import { leadChain } from './chain-leader.js';
import { moveKnownConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { endGrant, rememberEnd } from './end-grant.js';
import { giveBack } from './give-back.js';
import { unlistGrant } from './listed-grants.js';
import { keepUntilRevoked } from './open-revocations.js';
import { scheduleRefresh } from './schedule.js';
import {
  enterAccount,
  findOthers,
  holdingAccount,
  isSameWorkspace,
  leaveAccount,
  leaveReplaced,
  tellShared,
} from './shared-account.js';
import { handOver } from './shared-chain.js';
import { forgetUses } from './usage-ledger.js';
import { writeForCertain } from './write-for-certain.js';

/** How often reading and writing are repeated when somebody else writes in between. */
const mostTries = 5;

/** The proven connect, or the news that policy forbids it: another account than before, or one that another user has. */
export type Activation =
  | { readonly kind: 'active'; readonly proven: ProvenConnect }
  | { readonly kind: 'account_mismatch'; readonly grant: StoredGrant };

/**
 * Makes the grant active and removes it as a grant in one step, over whatever connection was there before. The old
 * tokens work until that very moment. In this order, so that a process that dies in between leaves no grant behind that
 * nobody knows of:
 *
 * 1. another account than before, where policy forbids that: the grant is given back, and this is the end
 * 2. another account: its chain passes to the siblings, and it is on the list of what must be revoked
 * 3. in turns with others who connect this account: it enters the index of accounts, unless policy forbids sharing it
 * 4. one write stores the connection and removes the grant; if somebody else wrote, all begins anew
 * 5. the due index, siblings, the event and the connect's status follow
 * 6. the replaced account leaves the index, and its tokens are revoked
 *
 * @throws {Gone} the grant is used up, ended or too old
 */
export async function activate(
  deps: Dependencies,
  { owner, connectId }: { owner: Owner; connectId: string },
): Promise<Activation> {
  let records: OwnerRecords | undefined;
  for (let tries = 0; tries < mostTries; tries += 1) {
    records = await deps.store.connections.list(owner);
    const grant = records.awaiting.find((awaiting) => awaiting.connectId === connectId);
    if (grant === undefined || deps.now() >= grant.grant.expiresAt) throw new Gone('The code is used up or too old.');
    const previous = records.connections.find(({ connection }) => isSamePlace(connection, grant.grant.connection));
    if (isOtherAccount(previous, grant) && deps.settings.accountPolicy === 'deny') {
      await endGrant(deps, grant, 'account_mismatch');
      return { kind: 'account_mismatch', grant };
    }
    const connection = provenConnection(deps, grant, previous);
    const activation = await replaceAndTell(deps, { grant, previous, connection });
    if (activation !== 'moved') return activation;
  }
  throw (
    records?.unreadable[0]?.error ?? new StoreUnavailable('The connection is being written by others all the time.')
  );
}

interface Replacement {
  readonly grant: StoredGrant;
  readonly previous: StoredConnection | undefined;
  readonly connection: Connection;
}

/** A connection that another account replaces is given back at its provider, even if this process dies meanwhile. */
async function replaceAndTell(deps: Dependencies, replacement: Replacement): Promise<Activation | 'moved'> {
  const { grant, previous } = replacement;
  const work = () => tryActivate(deps, replacement);
  if (previous === undefined) return work();
  const isOther = isOtherAccount(previous, grant);
  if (isOther || !isSameChain(deps, previous, replacement.connection)) await handOver(deps, previous);
  return isOther ? keepUntilRevoked(deps, previous, work) : work();
}

async function tryActivate(deps: Dependencies, replacement: Replacement): Promise<Activation | 'moved'> {
  const { grant, connection } = replacement;
  const { outcome, others } = await holdingAccount(deps, connection, (isOurTurn) =>
    settle(deps, replacement, isOurTurn),
  );
  if (outcome === 'moved') return outcome;
  await tellShared(deps, connection, { others, outcome: outcome === 'stored' ? 'ok' : 'refused' });
  if (outcome === 'refused') {
    await endGrant(deps, grant, 'account_shared');
    return { kind: 'account_mismatch', grant };
  }
  await tellEverybody(deps, replacement);
  const { provider, identity, connectionId } = connection;
  return { kind: 'active', proven: { connectId: grant.connectId, provider, identity, connectionId } };
}

/**
 * Enters the account and stores the connection, unless the account is another user's and policy forbids sharing. If our
 * turn ended meanwhile, others may have come with the same account since we looked: then all is done again (`moved`).
 */
async function settle(
  deps: Dependencies,
  replacement: Replacement,
  isOurTurn: () => boolean,
): Promise<{ readonly outcome: 'stored' | 'moved' | 'refused'; readonly others: readonly Connection[] }> {
  const { previous, connection } = replacement;
  const others = isSameAccount(previous, connection) ? [] : await findOthers(deps, connection);
  if (others.length > 0 && deps.settings.accountPolicy === 'deny') return { outcome: 'refused', others };
  await enterAccount(deps, connection);
  if (!isOurTurn()) return { outcome: 'moved', others };
  if (await replace(deps, replacement)) return { outcome: 'stored', others };
  // The same code may have come twice, and what the first of the two has stored may be gone by now: nobody else would
  // take this entry out.
  await leaveAccount(deps, connection, (await deps.store.connections.find(refOf(connection)))?.connection);
  return { outcome: 'moved', others };
}

/** Whether it was stored. The same write removes the grant, so a lost reply is read back: nobody could try again. */
async function replace(deps: Dependencies, { grant, previous, connection }: Replacement): Promise<boolean> {
  const ref = refOf(connection);
  const generation = nextGeneration(previous?.generation, connection.updatedAt);
  const write = () =>
    deps.store.connections.write(ref.owner, [
      { kind: 'put_connection', connection, expect: previous?.generation ?? 'absent', generation },
      { kind: 'remove_grant', connectId: grant.connectId, expect: grant.generation },
    ]);
  const hasHappened = async () => (await deps.store.connections.find(ref))?.generation === generation;
  return (await writeForCertain(write, hasHappened)) === 'stored';
}

/**
 * Reconnecting the same account keeps the connection id; another account gets a new one. At providers where other
 * connections follow this one by its id, so does an unknown account, which may be of another workspace, and a token of
 * another kind, which they must not have.
 */
function provenConnection(deps: Dependencies, grant: StoredGrant, previous: StoredConnection | undefined): Connection {
  const now = deps.now();
  const { provider } = grant.grant.connection;
  const isFollowed = deps.providers.find(provider)?.sharedChain !== undefined;
  const isSame = isFollowed ? isSameChain(deps, previous, grant.grant.connection) : !isOtherAccount(previous, grant);
  const kept = isSame ? previous?.connection : undefined;
  return {
    ...grant.grant.connection,
    connectionId: kept?.connectionId ?? grant.grant.connection.connectionId,
    connectedAt: kept?.connectedAt ?? now,
    proof: { mode: grant.grant.proof, provenAt: now, connectId: grant.connectId },
    updatedAt: now,
  };
}

async function tellEverybody(deps: Dependencies, { grant, previous, connection }: Replacement): Promise<void> {
  const { owner } = refOf(connection);
  await Promise.all([
    scheduleRefresh(deps, connection),
    leadSiblings(deps, previous, connection),
    unlistGrant(deps, grant.connectId),
    rememberEnd(deps, owner),
  ]);
  const changed = isOtherAccount(previous, grant);
  const change = changed ? 'account_changed' : 'reconnected';
  const news =
    previous === undefined ? { type: 'connection.created' as const } : { type: 'connection.updated' as const, change };
  await announce(deps, owner.tenant, { ...news, ...about(connection, connection.updatedAt) });
  const { connectionId, identity } = connection;
  await moveKnownConnect(deps, grant.connectId, { status: { kind: 'connected', identity }, connectionId });
  if (previous === undefined) return;
  // Also if the provider no longer says whose account it is.
  await leaveReplaced(deps, previous.connection, connection);
  if (previous.connection.connectionId !== connectionId) await forgetUses(deps, previous.connection.connectionId);
  if (changed) await giveBack(deps, previous.connection);
}

/** Only for the same account and kind of token: another one has a chain of its own. */
async function leadSiblings(
  deps: Dependencies,
  previous: StoredConnection | undefined,
  connection: Connection,
): Promise<void> {
  if (previous === undefined || !isSameChain(deps, previous, connection)) return;
  if (deps.providers.find(connection.provider)?.sharedChain) await leadChain(deps, previous, connection);
}

function isSamePlace(one: Connection, other: StoredGrant['grant']['connection']): boolean {
  return one.provider === other.provider && one.account === other.account;
}

/** Whether those that share the refresh token of one may have the other's. */
function isSameChain(
  deps: Dependencies,
  previous: StoredConnection | undefined,
  connection: Omit<Connection, 'proof'>,
): boolean {
  return isSameAccount(previous, connection) && isSameWorkspace(deps, previous?.connection, connection);
}

/** Then nobody has to be told of it: those who share the account were told when it was first connected. */
function isSameAccount(previous: StoredConnection | undefined, { identity }: Pick<Connection, 'identity'>): boolean {
  return identity !== undefined && previous?.connection.identity?.id === identity.id;
}

/** The provider's account id is what counts; names and addresses change. */
function isOtherAccount(previous: StoredConnection | undefined, { grant }: StoredGrant): boolean {
  const before = previous?.connection.identity?.id;
  const after = grant.connection.identity?.id;
  return before !== undefined && after !== undefined && before !== after;
}
