/**
 * The refresh state machine: what may be done with a connection now. Pure: record, clock and what is known about the
 * last sending go in, one verdict comes out. The journeys in `flows` do the I/O around it.
 */

import type { Connection, ConnectionState } from './connection.js';
import { GrantRefused, type OAuthManagerError, ProviderError, ProviderUnavailable } from './errors.js';
import type { Provider } from './provider.js';
import { isFresh, isLive, isRefreshable, type TokenSet } from './token-set.js';

/** What may be done with a connection now. `live`: its access token still works and is served if refreshing fails. */
export type Verdict =
  /** The token has time enough: hand it out. */
  | { readonly kind: 'fresh' }
  /** Send the refresh token. `attempt` counts how often this very token was sent, this time included. */
  | { readonly kind: 'refresh'; readonly live: boolean; readonly attempt: number }
  /** Sending now could end the grant: wait until `until` (epoch ms). */
  | { readonly kind: 'wait'; readonly live: boolean; readonly until: number }
  /** Only the user can go on. */
  | { readonly kind: 'ended'; readonly live: boolean; readonly reason: 'expired' | 'reauthorization_required' };

/** A sending of the refresh token whose answer nobody has. Times in epoch ms. */
export interface LostSending {
  readonly since: number;
  readonly attempts: number;
  /** Until then the answer may still arrive; absent when it is known to be lost. */
  readonly deadline?: number;
}

/** What the caller wants of the token. */
export interface Wish {
  readonly now: number;
  /** Ms before the end at which a refresh is due; capped at half the lifetime. */
  readonly bufferMs: number;
  /** Ms that the token must still live, whatever the buffer says. */
  readonly minTtlMs?: number;
  /** The caller was refused with this token: neither fresh nor live, whatever the clock says. */
  readonly rejected?: boolean;
  /** A new token is wanted though this one has time enough: an idle refresh token is kept alive by being used. */
  readonly renew?: boolean;
  /** The provider's refusal is doubted: a refused refresh token is sent once more, as long as it is kept. */
  readonly despiteRefusal?: boolean;
}

/** Within a grace window one more sending is safe. */
const attemptsInGrace = 2;
/** Between sendings once nothing is left to lose; doubles from the first to the last. */
const firstRetryMs = 30_000;
const longestRetryMs = 900_000;

/** The two facts of a provider that decide. */
type Reuse = Pick<Provider, 'refreshReuse' | 'reuseGraceMs'>;

/**
 * Looks at a connection.
 *
 * @param lost a sending without an answer that the record does not know of: an intent left by a process that died
 */
export function assess(connection: Connection, provider: Reuse, wish: Wish, lost?: LostSending): Verdict {
  const { tokenSet, state } = connection;
  const live = !wish.rejected && isLive(tokenSet, wish.now);
  if (live && !wish.renew && isServable(tokenSet, wish)) return { kind: 'fresh' };
  const isTriedAgain = wish.despiteRefusal === true && isKeptAfterRefusal(connection, wish.now);
  if (state.kind === 'needs_reauthorization' && !isTriedAgain) {
    return { kind: 'ended', live, reason: 'reauthorization_required' };
  }
  if (!isRefreshable(tokenSet, wish.now)) {
    return live ? { kind: 'fresh' } : { kind: 'ended', live, reason: endWithoutRefresh(tokenSet, wish) };
  }
  const sending = lost ?? (state.kind === 'uncertain' ? { since: state.since, attempts: state.attempts } : undefined);
  if (sending === undefined) return { kind: 'refresh', live, attempt: 1 };
  return weigh(sending, provider, { live, now: wish.now, expiresAt: tokenSet.expiresAt });
}

/**
 * Whether a refresh token whose answer was lost may be sent again (R5). `none`: it is still good. `grace`: once, within
 * half of the window. `strict`: reuse may end the grant, so while the access token lives it is served; after that
 * there is nothing left to lose by trying, at growing distances, until the provider gives a clear answer. An outage is
 * none: only an exact code ends a connection.
 */
function weigh(
  lost: LostSending,
  provider: Reuse,
  at: { live: boolean; now: number; expiresAt: number | undefined },
): Verdict {
  const attempt = lost.attempts + 1;
  if (provider.refreshReuse === 'none') return { kind: 'refresh', live: at.live, attempt };
  const inGrace = at.now < lost.since + (provider.reuseGraceMs ?? 0) / 2;
  if (provider.refreshReuse === 'grace' && inGrace && attempt <= attemptsInGrace) {
    return { kind: 'refresh', live: at.live, attempt };
  }
  if (lost.deadline !== undefined && at.now < lost.deadline)
    return { kind: 'wait', live: at.live, until: lost.deadline };
  if (at.live && at.expiresAt !== undefined) return { kind: 'wait', live: true, until: at.expiresAt };
  const next = lost.attempts < 2 ? 0 : lost.since + retryDistanceMs(lost.attempts);
  return at.now >= next ? { kind: 'refresh', live: at.live, attempt } : { kind: 'wait', live: at.live, until: next };
}

function retryDistanceMs(attempts: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 2));
}

function isServable(tokenSet: TokenSet, wish: Wish): boolean {
  return isFresh(tokenSet, wish.now, wish.bufferMs) && lastsFor(tokenSet, wish.minTtlMs ?? 0, wish.now);
}

/** A wish that even a new token could hardly meet is cut down, or every call would cost a refresh. */
function lastsFor(tokenSet: TokenSet, minTtlMs: number, now: number): boolean {
  if (tokenSet.expiresAt === undefined) return true;
  const lifetime = tokenSet.expiresAt - tokenSet.obtainedAt;
  const meetable = Math.max(lifetime / 2, lifetime - 60_000);
  return tokenSet.expiresAt - now >= Math.min(minTtlMs, meetable);
}

/** A token that was refused though it had not expired was revoked; the others ran out. */
function endWithoutRefresh(tokenSet: TokenSet, wish: Wish): 'expired' | 'reauthorization_required' {
  return wish.rejected && isLive(tokenSet, wish.now) ? 'reauthorization_required' : 'expired';
}

/** How long a refused refresh token is kept, sealed, in case the provider takes its word back. */
const keepRefusedMs = 24 * 3_600_000;

/** Whether the provider has refused the refresh token and it is still kept, for the operator to have it sent again. */
export function isKeptAfterRefusal({ tokenSet, state }: Connection, now: number): boolean {
  return state.kind === 'needs_reauthorization' && tokenSet.refreshToken !== undefined && now < state.keepUntil;
}

/**
 * What a refresh without tokens writes into the record; `undefined` = nothing, and the refresh token was not spent.
 *
 * Only the exact word that the grant is over ends a connection. A lost answer is noted where sending twice could do
 * harm. An outage, or a fault of our configuration, belongs to the provider and touches nobody's record.
 *
 * @param sending when the refresh token left (epoch ms) and how often it has by now
 */
export function stateAfterFailure(
  failure: OAuthManagerError,
  provider: Reuse,
  sending: { readonly startedAt: number; readonly attempt: number; readonly now: number },
): ConnectionState | undefined {
  const { startedAt, attempt, now } = sending;
  if (failure instanceof GrantRefused) {
    return { kind: 'needs_reauthorization', since: now, keepUntil: now + keepRefusedMs, error: failure.oauthError };
  }
  if (!maybeSpent(failure) || provider.refreshReuse === 'none') return undefined;
  return { kind: 'uncertain', since: startedAt, attempts: attempt };
}

/** Whether the provider may have taken the refresh token although it gave no usable answer. A 4xx is an answer. */
function maybeSpent(failure: OAuthManagerError): boolean {
  if (failure instanceof ProviderUnavailable) return failure.reached === 'unknown';
  if (!(failure instanceof ProviderError) || failure.code === 'provider_misconfigured') return false;
  return failure.status === undefined || failure.status < 400;
}
