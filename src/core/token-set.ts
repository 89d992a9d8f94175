/** The tokens of one grant: when they are fresh, and what a refresh changes about them. */

import { type Scope, unionScope } from './scope.js';
import type { Secret } from './secret.js';

/** What one successful token response gave us (RFC 6749 section 5.1). */
export interface TokenSet {
  readonly accessToken: Secret;
  readonly tokenType: string;
  readonly refreshToken?: Secret;
  /** Epoch ms at which the access token ends, counted from the start of the token request; absent = does not expire. */
  readonly expiresAt?: number;
  /** Epoch ms at which the token request was sent. */
  readonly obtainedAt: number;
  /** Epoch ms at which the refresh token ends, if the provider said so or is known for it. */
  readonly refreshExpiresAt?: number;
  /** What was granted; as requested when the answer did not say (RFC 6749 section 5.1). */
  readonly scope: Scope;
}

/**
 * How close to its end an access token may be before it is refreshed: the configured buffer, but never more than half
 * of the token's lifetime, so that a short-lived token is still used at all.
 *
 * @param bufferMs configured buffer in ms, not negative
 */
export function effectiveBufferMs(tokenSet: TokenSet, bufferMs: number): number {
  if (tokenSet.expiresAt === undefined) return 0;
  const lifetime = Math.max(0, tokenSet.expiresAt - tokenSet.obtainedAt);
  return Math.min(bufferMs, lifetime / 2);
}

/** Until when (epoch ms) the access token can be handed out without a thought; `Infinity` = it does not expire. */
export function freshUntil(tokenSet: TokenSet, bufferMs: number): number {
  const { expiresAt = Number.POSITIVE_INFINITY } = tokenSet;
  return expiresAt - effectiveBufferMs(tokenSet, bufferMs);
}

/** Whether the access token can be handed out without a thought: `now < expiresAt - buffer`, strictly. */
export function isFresh(tokenSet: TokenSet, now: number, bufferMs: number): boolean {
  return now < freshUntil(tokenSet, bufferMs);
}

/** Whether the provider still honours the access token, buffer aside. */
export function isLive(tokenSet: TokenSet, now: number): boolean {
  return tokenSet.expiresAt === undefined || now < tokenSet.expiresAt;
}

/** Whether there is a refresh token that has not ended. */
export function isRefreshable(tokenSet: TokenSet, now: number): boolean {
  const { refreshToken, refreshExpiresAt } = tokenSet;
  return refreshToken !== undefined && (refreshExpiresAt === undefined || now < refreshExpiresAt);
}

/**
 * The set to store after a refresh. A response without a refresh token leaves the old one in force (RFC 6749
 * section 6). What is recorded is what the person granted: an answer that names less speaks of one access token, and the next
 * refresh may bring all of it again.
 */
export function mergeAfterRefresh(previous: TokenSet, response: TokenSet): TokenSet {
  const { accessToken, tokenType, expiresAt, obtainedAt } = response;
  return {
    accessToken,
    tokenType,
    refreshToken: response.refreshToken ?? previous.refreshToken,
    expiresAt,
    obtainedAt,
    refreshExpiresAt: response.refreshExpiresAt ?? (response.refreshToken ? undefined : previous.refreshExpiresAt),
    scope: unionScope(previous.scope, response.scope),
  } satisfies Record<keyof TokenSet, unknown>;
}
