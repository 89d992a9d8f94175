/** Who of the connections with one refresh token sends it; what is kept about that, and how it changes hands. */

import type { ExpiringRecord } from '../core/connect.js';
import { type Connection, refOf, type StoredConnection } from '../core/connection.js';
import type { Dependencies } from './dependencies.js';

/** For as long as a connection may still hold a refresh token that another one has spent. */
const rememberedMs = 90 * 86_400_000;
/** From one leader to the next, where consents have followed each other; also ends a walk in a circle. */
const mostHops = 8;

/** The connection that leads, as it was known when it began to. */
export type Leader = ExpiringRecord<'refresh_chain'>;

/** Who sends this refresh token. The first to ask is it, and stays it after the token is spent. */
export async function findLeader({ store }: Dependencies, seen: StoredConnection): Promise<Leader> {
  return (await store.expiring.find('refresh_chain', nameOf(seen))) ?? takeLead({ store }, seen, undefined);
}

/** Whether this connection leads. */
export function isLeader(leader: Leader, { connection }: StoredConnection): boolean {
  const partsOf = ({ tenant, userId, provider, account }: Leader) => [tenant, userId, provider, account];
  return JSON.stringify(partsOf(leader)) === JSON.stringify(partsOf(connection));
}

/**
 * Lets this connection lead those that hold the same refresh token in place of one that leads no more (`gone`), or of nobody;
 * of several that come at the same time, the first, however long the others stood still on the way.
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
 * Lets a connection that was consented to anew lead the chain that it was of. What its siblings hold may have ended with
 * that consent; they come to this connection for what it has, those that have ended already included.
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

/** The leader; if it has ended, whoever took the lead by a new consent. `undefined` when it leads no more. */
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

/** Whoever consents with another account has another connection: its chain may be of another workspace. */
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
