/**
 * Connections that share one rotating refresh token: one of them leads and is the only one that sends it; the others copy
 * its new tokens. So the leader's lease, intent and state serve all of them. When one of them is consented to again, it
 * leads from then on, and the others need no new consent.
 */

import { nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { assess, type Wish } from '../core/refresh-state.js';
import type { TokenSet } from '../core/token-set.js';
import { about, announce } from './announce.js';
import { findLeader, findLiving, isLeader, isOfSameChain, takeLead } from './chain-leader.js';
import type { Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import type { RefreshOrder } from './refresh-order.js';
import { scheduleRefresh } from './schedule.js';
import { findByWorkspace } from './shared-account.js';

/** Refreshes one connection as if it were alone. */
type Refresh = (order: RefreshOrder) => Promise<Refreshed>;

/**
 * Refreshes a connection of a shared chain: with its own refresh token if it leads, else with the leader's tokens.
 *
 * @param by `own` refreshes this connection; `leader` another one, joining a refresh of it that may be under way
 */
export async function refreshInChain(
  deps: Dependencies,
  order: RefreshOrder,
  by: { readonly own: Refresh; readonly leader: Refresh },
): Promise<Refreshed> {
  const { seen, provider } = order;
  const leader = await findLeader(deps, seen);
  if (isLeader(leader, seen)) return by.own(order);
  let stored = await findLiving(deps, leader);
  if (stored !== undefined && isOfSameChain(stored, seen)) {
    const result = await by.leader({ provider, seen: stored, wish: order.wish });
    stored = result.kind === 'gone' ? undefined : result.stored;
  }
  if (stored === undefined || stored.connection.state.kind === 'needs_reauthorization') {
    const next = await takeLead(deps, seen, leader);
    return isLeader(next, seen) ? by.own(order) : refreshInChain(deps, order, by);
  }
  if (!isNewer(stored.connection.tokenSet, seen.connection.tokenSet)) return { kind: 'current', stored: seen };
  const taken = await copyTokens(deps, seen, stored.connection.tokenSet);
  return isStale(taken, order) ? refreshInChain(deps, renewing(order, taken.stored), by) : taken;
}

/** The leader's access token may have expired as well. */
function isStale(taken: Refreshed, { provider, wish }: RefreshOrder): taken is Extract<Refreshed, { kind: 'current' }> {
  return taken.kind === 'current' && assess(taken.stored.connection, provider, anew(wish)).kind === 'refresh';
}

/** The same wish for another token: that one was refused, or idle, says nothing of the other. */
function anew({ now, bufferMs, minTtlMs }: Wish): Wish {
  return { now, bufferMs, ...(minTtlMs !== undefined && { minTtlMs }) };
}

function renewing(order: RefreshOrder, seen: StoredConnection): RefreshOrder {
  return { ...order, seen, wish: anew(order.wish) };
}

/** Copies the leader's tokens, by compare-and-set: if this connection has changed meanwhile, the change stands. */
async function copyTokens(deps: Dependencies, seen: StoredConnection, tokenSet: TokenSet): Promise<Refreshed> {
  const now = deps.now();
  const connection = { ...seen.connection, tokenSet, state: { kind: 'active' as const }, updatedAt: now };
  const generation = nextGeneration(seen.generation, now);
  const { owner } = refOf(connection);
  const outcome = await deps.store.connections.write(owner, [
    { kind: 'put_connection', connection, expect: seen.generation, generation },
  ]);
  if (outcome === 'stored') {
    await scheduleRefresh(deps, connection);
    if (seen.connection.state.kind === 'needs_reauthorization') {
      const change = { type: 'connection.updated', change: 'reconnected' } as const;
      await announce(deps, owner.tenant, { ...change, ...about(connection, now) });
    }
    return { kind: 'current', stored: { connection, generation } };
  }
  const latest = await deps.store.connections.find(refOf(connection));
  return latest === undefined ? { kind: 'gone' } : { kind: 'current', stored: latest };
}

/**
 * Gives a leader's tokens to its followers before it is removed, as their own refresh token is spent by then. Never throws;
 * a follower that could not get them has to be connected again.
 */
export async function handOver(deps: Dependencies, leaving: StoredConnection): Promise<void> {
  const { tenant, provider, parameters, tokenSet, state } = leaving.connection;
  const isOver = tokenSet.refreshToken === undefined || state.kind === 'needs_reauthorization';
  if (isOver || !deps.providers.find(provider)?.sharedChain) return;
  try {
    for (const other of await findByWorkspace(deps, { tenant, provider, parameters })) {
      const isFollower = other.connection.tokenSet.refreshToken !== undefined && !isOfSameChain(other, leaving);
      if (!isFollower || !isLeader(await findLeader(deps, other), leaving)) continue;
      if (isNewer(tokenSet, other.connection.tokenSet)) await copyTokens(deps, other, tokenSet);
    }
  } catch {
    deps.log.warn({ provider }, 'the siblings of a connection that ends were not given what it has');
  }
}

function isNewer(theirs: TokenSet, ours: TokenSet): boolean {
  return theirs.accessToken.reveal() !== ours.accessToken.reveal() && theirs.obtainedAt >= ours.obtainedAt;
}
