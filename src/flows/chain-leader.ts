/** Which of the connections that share a refresh token sends it (the leader), how that is kept, and how it changes. */

import type { ExpiringRecord } from '../core/connect.js';
import { type Connection, refOf, type StoredConnection } from '../core/connection.js';
import type { Dependencies } from './dependencies.js';

/** As long as a connection may still hold a refresh token that another one has spent. */
const rememberedMs = 90 * 86_400_000;
/** Steps from one leader to the next, after several consents; also ends a walk in a circle. */
const mostHops = 8;

/** The connection that leads, as it was when it took the lead. */
export type Leader = ExpiringRecord<'refresh_chain'>;

/** Who sends this refresh token: the first connection that asked, also after the token is spent. */
export async function findLeader({ store }: Dependencies, seen: StoredConnection): Promise<Leader> {
  return (await store.expiring.find('refresh_chain', nameOf(seen))) ?? takeLead({ store }, seen, undefined);
}

/** Whether this connection leads. */
export function isLeader(leader: Leader, { connection }: StoredConnection): boolean {
  const partsOf = ({ tenant, userId, provider, account }: Leader) => [tenant, userId, provider, account];
  return JSON.stringify(partsOf(leader)) === JSON.stringify(partsOf(connection));
}

/**
 * Makes this connection the leader of those that hold the same refresh token, if the leader is still `gone`, or nobody.
 * Of several that try at the same time the first wins.
 *
 * @returns who leads from now on
 */
export async function takeLead(
  { store }: Pick<Dependencies, 'store'>,
  seen: StoredConnection,
  gone: Leader | undefined,
): Promise<Leader> {
  const name = nameOf(seen);
  const next = leaderOf(seen.connection);
  for (let known = gone; ; known = undefined) {
    if (await store.expiring.exchange('refresh_chain', name, { known, next, ttlMs: rememberedMs })) return next;
    const found = await store.expiring.find('refresh_chain', name);
    if (found !== undefined) return found;
  }
}

/**
 * Makes a connection with a new consent the leader of the chain that it belonged to. The new consent may have ended what
 * its siblings hold; from now on they take over what this connection has, also those that ended before.
 *
 * @param previous the connection as it was, with the refresh token that the siblings may hold
 */
export async function leadChain(deps: Dependencies, previous: StoredConnection, renewed: Connection): Promise<void> {
  let held: StoredConnection | undefined = previous;
  try {
    for (let hops = 0; held?.connection.tokenSet.refreshToken !== undefined && hops < mostHops; hops += 1) {
      const leader = await deps.store.expiring.find('refresh_chain', nameOf(held));
      await deps.store.expiring.save('refresh_chain', nameOf(held), leaderOf(renewed), rememberedMs);
      if (leader === undefined || isLeader(leader, held)) return;
      held = await findStored(deps, leader);
    }
  } catch {
    deps.log.warn({ provider: renewed.provider }, 'the siblings of a connection were not told of its new consent');
  }
}

/** The leader; if that has ended, the one that took the lead by a new consent. `undefined` when the leader is gone. */
export async function findLiving(deps: Dependencies, leader: Leader): Promise<StoredConnection | undefined> {
  let stored = await findStored(deps, leader);
  for (let hops = 0; stored?.connection.state.kind === 'needs_reauthorization' && hops < mostHops; hops += 1) {
    const next = await deps.store.expiring.find('refresh_chain', nameOf(stored));
    if (next === undefined || isLeader(next, stored)) return stored;
    stored = await findStored(deps, next);
  }
  return stored;
}

/** Whether both hold the same refresh token. */
export function isOfSameChain(one: StoredConnection, other: StoredConnection): boolean {
  return nameOf(one) === nameOf(other);
}

/** Not a connection with another id: it came by another account, whose chain may be of another workspace. */
async function findStored(deps: Dependencies, leader: Leader): Promise<StoredConnection | undefined> {
  const stored = await deps.store.connections.find(refOf(leader));
  return stored?.connection.connectionId === (leader.connectionId ?? stored?.connection.connectionId)
    ? stored
    : undefined;
}

function leaderOf({ tenant, userId, provider, account, connectionId }: Connection): Leader {
  return { tenant, userId, provider, account, connectionId };
}

/** Within one tenant and provider; the store keeps only a digest of it. */
function nameOf({ connection }: StoredConnection): string {
  const { tenant, provider, tokenSet } = connection;
  return JSON.stringify([tenant, provider, tokenSet.refreshToken?.reveal()]);
}
