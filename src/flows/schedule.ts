/** Puts connections into the due index, for the worker that looks after them. */

import type { Connection } from '../core/connection.js';
import { refOf } from '../core/connection.js';
import type { ConnectionRef } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import { hardEndOf, isRenewedByUse } from '../core/refresh-end.js';
import { effectiveBufferMs } from '../core/token-set.js';
import { afterwards } from './afterwards.js';
import type { Dependencies } from './dependencies.js';
import { findProvider } from './provider-of.js';

/** Refreshes of tokens that were issued together are spread over this part of the buffer. */
const jitterShare = 0.2;
/** An idle refresh token is used when this part of its life is left. */
const idleShare = 0.2;
/** A refresh token is warned of this long before its hard end, ms, but not before the last quarter of its life. */
const warnBeforeMs = 7 * 86_400_000;
const warnShare = 0.25;
/** A refresh token that is sent again at the last moment before it is forgotten is done within this time, ms. */
const forgetMarginMs = 60_000;

/** What else decides when a connection is looked after. `bufferMs` in ms, `now` in epoch ms. */
export interface Circumstances {
  readonly provider: Provider | undefined;
  readonly bufferMs: number;
  readonly now: number;
}

/**
 * When the access token's refresh is due, epoch ms; `undefined` when it never is. It is a little before the buffer begins,
 * so that callers find fresh tokens.
 */
function refreshDueAt(connection: Connection, { provider, bufferMs }: Circumstances): number | undefined {
  const { tokenSet } = connection;
  if (!isRefreshedAhead(connection, provider) || tokenSet.expiresAt === undefined) return undefined;
  const buffer = effectiveBufferMs(tokenSet, bufferMs);
  return Math.floor(tokenSet.expiresAt - buffer * (1 + Math.random() * jitterShare));
}

/** By when the refresh token has to be used so that it does not expire of disuse, epoch ms. */
function useBy(connection: Connection, provider: Provider | undefined): number | undefined {
  const { refreshExpiresAt, obtainedAt } = connection.tokenSet;
  const isRenewed = provider !== undefined && isRenewedByUse(provider, connection.tokenSet);
  if (!canRefresh(connection) || !isRenewed || refreshExpiresAt === undefined) return undefined;
  return Math.floor(refreshExpiresAt - (refreshExpiresAt - obtainedAt) * idleShare);
}

/** From when on the hard end of the refresh token is worth a warning, epoch ms. */
export function warningFrom(connection: Connection, provider: Provider | undefined): number | undefined {
  const end = hardEndOf(provider, connection.tokenSet, connection.connectedAt);
  if (!canRefresh(connection) || end === undefined) return undefined;
  const lifeMs = end - connection.connectedAt;
  return Math.floor(end - Math.min(warnBeforeMs, lifeMs * warnShare));
}

/** Why the connection wants a refresh now, if it does: its access token is stale, or its refresh token is idle. */
export function whyRefreshNow(connection: Connection, at: Circumstances): 'stale' | 'idle' | undefined {
  const { expiresAt } = connection.tokenSet;
  const earliest = effectiveBufferMs(connection.tokenSet, at.bufferMs) * (1 + jitterShare);
  if (isRefreshedAhead(connection, at.provider) && expiresAt !== undefined && at.now >= expiresAt - earliest)
    return 'stale';
  const idleAt = useBy(connection, at.provider);
  return idleAt !== undefined && at.now >= idleAt ? 'idle' : undefined;
}

/**
 * When a refused refresh token is to be forgotten, epoch ms. Never where several connections share one: it is how they
 * find each other when one of them is consented to again.
 */
export function forgetsAt({ state, tokenSet }: Connection, provider: Provider | undefined): number | undefined {
  if (state.kind !== 'needs_reauthorization' || tokenSet.refreshToken === undefined) return undefined;
  return provider?.sharedChain ? undefined : state.keepUntil + forgetMarginMs;
}

/** When to look at the connection next, epoch ms; `undefined` when there will never be anything to do. */
export function nextLook(connection: Connection, at: Circumstances): number | undefined {
  const { provider, now } = at;
  const isAhead = (time: number | undefined) => time !== undefined && time > now;
  const [warnAt, forgetAt] = [warningFrom(connection, provider), forgetsAt(connection, provider)];
  const times = [
    refreshDueAt(connection, at),
    useBy(connection, provider),
    ...[warnAt, forgetAt].filter(isAhead),
  ].filter((time) => time !== undefined);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Sets when the connection is due, or takes it out. A failure is logged: then callers refresh on demand. */
export function schedule({ store, log }: Dependencies, ref: ConnectionRef, dueAt: number | undefined): Promise<void> {
  const write = () => (dueAt === undefined ? store.due.unschedule(ref) : store.due.schedule(ref, dueAt));
  return afterwards({ log }, 'due', write);
}

/**
 * Takes out a connection that is gone, as {@link schedule} does. If the person has connected again meanwhile, the new
 * connection has the same place in the index, and is entered again.
 */
export function unscheduleGone(deps: Dependencies, ref: ConnectionRef): Promise<void> {
  return afterwards(deps, 'due', async () => {
    await deps.store.due.unschedule(ref);
    const anew = await deps.store.connections.find(ref);
    if (anew !== undefined) await scheduleRefresh(deps, anew.connection);
  });
}

/** Schedules the next look at a connection, as {@link schedule} does. */
export function scheduleRefresh(deps: Dependencies, connection: Connection): Promise<void> {
  return afterwards(deps, 'due', async () => {
    await scheduleNextLook(deps, connection, await findProvider(deps, connection.provider));
  });
}

/** As {@link scheduleRefresh}, for a caller that has the provider already. */
export function scheduleNextLook(
  deps: Dependencies,
  connection: Connection,
  provider: Provider | undefined,
): Promise<void> {
  const bufferMs = provider?.refreshBufferMs ?? deps.settings.refreshBufferMs;
  const next = nextLook(connection, { provider, bufferMs, now: deps.now() });
  return schedule(deps, refOf(connection), next);
}

function isRefreshedAhead(connection: Connection, provider: Provider | undefined): boolean {
  return canRefresh(connection) && provider?.refreshAhead !== false;
}

function canRefresh({ tokenSet, state }: Connection): boolean {
  return tokenSet.refreshToken !== undefined && state.kind !== 'needs_reauthorization';
}
