/**
 * Connections that hold one and the same rotating refresh token: one of them leads, and alone sends it; the others take
 * over what it brings. Its own lease, intent and state then do for all of them.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { ProviderUnavailable } from '../core/errors.js';
import type { ConnectionRef } from '../core/identifiers.js';
import { assess, type Wish } from '../core/refresh-state.js';
import type { TokenSet } from '../core/token-set.js';
import type { Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import type { RefreshOrder } from './refresh-order.js';
import { scheduleRefresh } from './schedule.js';

/** For as long as a connection may still hold a refresh token that another one has spent. */
const rememberedMs = 90 * 86_400_000;
const leaseMs = 5_000;
const lookEveryMs = 25;

/** Refreshes one connection as if it were alone. */
type Refresh = (order: RefreshOrder) => Promise<Refreshed>;

/**
 * Refreshes a connection of a shared chain: by its own refresh token if it leads, else by what the leader has.
 *
 * @param own refreshes this connection; `leader` another one, sharing the flight that may be under way
 */
export async function refreshInChain(
  deps: Dependencies,
  order: RefreshOrder,
  by: { readonly own: Refresh; readonly leader: Refresh },
): Promise<Refreshed> {
  const { seen, provider } = order;
  const leader = await findLeader(deps, seen);
  if (isSame(leader, refOf(seen.connection))) return by.own(order);
  let stored = await deps.store.connections.find(leader);
  if (stored !== undefined && isOfSameChain(stored, seen)) {
    const result = await by.leader({ provider, seen: stored, wish: order.wish });
    stored = result.kind === 'gone' ? undefined : result.stored;
  }
  if (stored === undefined || stored.connection.state.kind === 'needs_reauthorization') {
    await takeLead(deps, seen);
    return by.own(order);
  }
  if (!isNewer(stored.connection.tokenSet, seen.connection.tokenSet)) return { kind: 'current', stored: seen };
  const taken = await takeOver(deps, seen, stored.connection.tokenSet);
  return isStale(taken, order) ? refreshInChain(deps, renewing(order, taken.stored), by) : taken;
}

/** What the leader has may have run out as well. */
function isStale(taken: Refreshed, { provider, wish }: RefreshOrder): taken is Extract<Refreshed, { kind: 'current' }> {
  return taken.kind === 'current' && assess(taken.stored.connection, provider, anew(wish)).kind === 'refresh';
}

/** The token that was refused, or was idle, is not this one any more. */
function anew({ now, bufferMs, minTtlMs }: Wish): Wish {
  return { now, bufferMs, ...(minTtlMs !== undefined && { minTtlMs }) };
}

function renewing(order: RefreshOrder, seen: StoredConnection): RefreshOrder {
  return { ...order, seen, wish: anew(order.wish) };
}

/** Who sends this refresh token. The first to ask is it, and stays it after the token is spent. */
async function findLeader(deps: Dependencies, seen: StoredConnection): Promise<ConnectionRef> {
  const name = nameOf(seen);
  const known = await deps.store.expiring.find('refresh_chain', name);
  if (known !== undefined) return refOf(known);
  return holding(deps, { name, provider: seen.connection.provider }, async () => {
    const found = await deps.store.expiring.find('refresh_chain', name);
    if (found !== undefined) return refOf(found);
    await takeLead(deps, seen);
    return refOf(seen.connection);
  });
}

async function takeLead(deps: Dependencies, seen: StoredConnection): Promise<void> {
  const { tenant, userId, provider, account } = seen.connection;
  await deps.store.expiring.save('refresh_chain', nameOf(seen), { tenant, userId, provider, account }, rememberedMs);
}

/** Does something that only one process may do at a time. */
async function holding<T>(
  deps: Dependencies,
  chain: { readonly name: string; readonly provider: string },
  work: () => Promise<T>,
): Promise<T> {
  const holder = randomUUID();
  const lease = `refresh-chain/${chain.name}`;
  for (const giveUpAt = deps.now() + 2 * leaseMs; !(await deps.store.leases.acquire(lease, holder, leaseMs)); ) {
    if (deps.now() >= giveUpAt) {
      const about = { provider: chain.provider, reached: 'no' } as const;
      throw new ProviderUnavailable('Another process holds the chain of this refresh token.', about);
    }
    await sleep(lookEveryMs);
  }
  try {
    return await work();
  } finally {
    await deps.store.leases.release(lease, holder).catch(() => undefined);
  }
}

/** By compare-and-set: whoever has moved this connection meanwhile knows better. */
async function takeOver(deps: Dependencies, seen: StoredConnection, tokenSet: TokenSet): Promise<Refreshed> {
  const now = deps.now();
  const connection = { ...seen.connection, tokenSet, state: { kind: 'active' as const }, updatedAt: now };
  const generation = nextGeneration(seen.generation, now);
  const { owner } = refOf(connection);
  const outcome = await deps.store.connections.write(owner, [
    { kind: 'put_connection', connection, expect: seen.generation, generation },
  ]);
  if (outcome === 'stored') {
    await scheduleRefresh(deps, connection);
    return { kind: 'current', stored: { connection, generation } };
  }
  const latest = await deps.store.connections.find(refOf(connection));
  return latest === undefined ? { kind: 'gone' } : { kind: 'current', stored: latest };
}

/** Within one tenant and provider; the store keeps only a digest of it. */
function nameOf({ connection }: StoredConnection): string {
  const { tenant, provider, tokenSet } = connection;
  return JSON.stringify([tenant, provider, tokenSet.refreshToken?.reveal()]);
}

function isOfSameChain(one: StoredConnection, other: StoredConnection): boolean {
  return nameOf(one) === nameOf(other);
}

function isNewer(theirs: TokenSet, ours: TokenSet): boolean {
  return theirs.accessToken.reveal() !== ours.accessToken.reveal() && theirs.obtainedAt >= ours.obtainedAt;
}

function isSame(one: ConnectionRef, other: ConnectionRef): boolean {
  const partsOf = ({ owner, provider, account }: ConnectionRef) => [owner.tenant, owner.userId, provider, account];
  return JSON.stringify(partsOf(one)) === JSON.stringify(partsOf(other));
}
