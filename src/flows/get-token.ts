/** The hot path: one read; a fresh token -> hand it out; due -> refresh; nothing usable -> say why. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredConnection } from '../core/connection.js';
import { OAuthManagerError, ProviderUnavailable } from '../core/errors.js';
import { missingScopeAt, type Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import { assess, type Wish } from '../core/refresh-state.js';
import { isLive } from '../core/token-set.js';
import type { Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import { findExact, findOtherwise } from './find-connection.js';
import { refuseForbidden, requireProvider } from './provider-of.js';
import { keepReady, readyAnswer, tokenOf } from './ready-token.js';
import type { RefreshFlights } from './refresh-flights.js';
import { isRejected } from './rejected-token.js';
import type { Due, TokenOutcome, TokenRequest } from './token-request.js';
import type { UsageMarks } from './usage-marks.js';

/** What the hot path needs. */
export interface TokenDesk {
  readonly deps: Dependencies;
  readonly flights: RefreshFlights;
  readonly usage: UsageMarks;
}

/** If the token is still live, a caller waits for a refreshed one no longer than this. */
const patienceWithLiveTokenMs = 5_000;

/**
 * Gets a token with enough time left, refreshing it if needed. If it cannot be refreshed, a live token is handed out.
 *
 * @throws {UnknownProvider} no such provider is configured
 * @throws {InvalidRequest} it is an MCP server that the operator does not allow to this tenant
 * @throws {StoreUnavailable} the store cannot be read; never the same as "not connected"
 * @throws {ProviderUnavailable | ProviderError} the token has ended and could not be refreshed now; nothing was lost
 */
export function getToken(desk: TokenDesk, request: TokenRequest): Promise<TokenOutcome> {
  const configured = desk.deps.providers.find(request.provider);
  if (configured !== undefined) return getTokenOf(desk, configured, request);
  return requireDiscovered(desk.deps, request).then((discovered) => getTokenOf(desk, discovered, request));
}

/** With `then`, as each `async` function would take 0.25 of the 5 µs of a warm read. */
function getTokenOf(desk: TokenDesk, configured: Provider, request: TokenRequest): Promise<TokenOutcome> {
  return findExact(desk.deps, request).then((exact) => {
    if (exact === undefined) return getOtherwise(desk, configured, request);
    const due = { stored: exact, request };
    return readyAnswer(configured, due, desk.deps.now()) ?? handOutIfGood(desk, configured, due);
  });
}

async function getOtherwise(desk: TokenDesk, configured: Provider, request: TokenRequest): Promise<TokenOutcome> {
  const found = await findOtherwise(desk.deps, request);
  return found.kind === 'none' ? found : handOutIfGood(desk, configured, { stored: found.stored, request });
}

/** If the operator forbids a server, connections that were made before get no tokens either. */
async function requireDiscovered(deps: Dependencies, { provider, owner }: TokenRequest): Promise<Provider> {
  const discovered = await requireProvider(deps, provider);
  await refuseForbidden(deps, owner.tenant, provider);
  return discovered;
}

function handOutIfGood(desk: TokenDesk, configured: Provider, due: Due): TokenOutcome | Promise<TokenOutcome> {
  const { stored, request } = due;
  if (stored.connection.pausedAt !== undefined) return paused(stored);
  const provider = withParameters(configured, stored.connection.parameters);
  const missing = missingScopeAt(provider, stored.connection.tokenSet.scope, request.scope ?? []);
  if (missing.length > 0) {
    const grantedScope = stored.connection.tokenSet.scope;
    return { kind: 'none', reason: 'insufficient_scope', missingScope: missing, grantedScope };
  }
  const wish = wishOf(desk.deps, provider, due);
  const verdict = assess(stored.connection, provider, wish);
  if (verdict.kind === 'fresh') return keepReady(configured, due, { wish, usage: desk.usage });
  if (verdict.live && verdict.kind === 'ended') return handOut(desk, stored);
  // The person may have consented again for another connection of the same chain.
  const mayRevive = provider.sharedChain !== undefined && stored.connection.tokenSet.refreshToken !== undefined;
  if (verdict.kind === 'ended' && !mayRevive) return { kind: 'none', reason: verdict.reason };
  if (verdict.kind === 'wait' && verdict.live) return handOut(desk, stored);
  return refreshed(desk, provider, due);
}

/** Waits for the refresh; falls back to the stored token as long as that one is live. */
async function refreshed(desk: TokenDesk, provider: Provider, due: Due): Promise<TokenOutcome> {
  const { stored: seen, request } = due;
  const wish = wishOf(desk.deps, provider, due);
  const live = !wish.rejected && isLive(seen.connection.tokenSet, wish.now);
  const flight = desk.flights.refresh({ provider, seen, wish });
  try {
    const result = live ? await withPatience(flight, seen) : await flight;
    if (result.kind === 'gone') return { kind: 'none', reason: 'not_connected' };
    return concluded(desk, provider, { stored: result.stored, request });
  } catch (error) {
    if (live && error instanceof OAuthManagerError) return handOut(desk, seen);
    throw error;
  }
}

/** The outcome of a refresh: usually a fresh token; else a live one, a paused or ended connection, or "try later". */
function concluded(desk: TokenDesk, provider: Provider, due: Due): TokenOutcome {
  if (due.stored.connection.pausedAt !== undefined) return paused(due.stored);
  const wish = wishOf(desk.deps, provider, due);
  const verdict = assess(due.stored.connection, provider, wish);
  if (verdict.kind === 'fresh' || verdict.live) return handOut(desk, due.stored);
  if (verdict.kind === 'ended') return { kind: 'none', reason: verdict.reason };
  throw new ProviderUnavailable('The token cannot be refreshed safely yet.', {
    provider: provider.id,
    reached: 'unknown',
    retryAfterMs: verdict.kind === 'wait' ? Math.max(1_000, verdict.until - wish.now) : 1_000,
  });
}

/** When patience ends the flight goes on; its errors are then ignored here. */
async function withPatience(flight: Promise<Refreshed>, seen: StoredConnection): Promise<Refreshed> {
  const timer = new AbortController();
  const patience = sleep(patienceWithLiveTokenMs, { kind: 'current', stored: seen } as const, { signal: timer.signal });
  patience.catch(() => undefined);
  try {
    return await Promise.race([flight, patience]);
  } finally {
    timer.abort();
    flight.catch(() => undefined);
  }
}

function handOut(desk: TokenDesk, stored: StoredConnection): TokenOutcome {
  desk.usage.mark(stored);
  return { kind: 'token', token: tokenOf(stored) };
}

/** A paused connection has no token, in whatever state its tokens are; a link to connect asks for the granted scope. */
function paused({ connection }: StoredConnection): TokenOutcome {
  return { kind: 'none', reason: 'not_connected', paused: true, grantedScope: connection.tokenSet.scope };
}

function wishOf(deps: Dependencies, provider: Provider, { stored, request }: Due): Wish {
  const rejected = isRejected(stored.connection.tokenSet.accessToken, request.rejectedTokenSha256);
  const bufferMs = provider.refreshBufferMs ?? deps.settings.refreshBufferMs;
  return { now: deps.now(), bufferMs, minTtlMs: request.minTtlMs, rejected };
}
