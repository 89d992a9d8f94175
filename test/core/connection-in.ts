/** A connection in a given condition, for the tests of the refresh state machine. */

import { type Connection, type ConnectionState, connectionSchema } from '../../src/core/connection.js';

/** Epoch ms at which the tokens were issued. */
export const start = Date.UTC(2026, 0, 1);
/** How long an access token lives unless told, ms. */
export const hour = 3_600_000;
/** The refresh buffer of the tests, ms. */
export const bufferMs = 300_000;

/** What differs between connections; times in ms after `start`. `null` = the token does not expire, or there is none. */
export interface Condition {
  readonly lifetimeMs?: number | null;
  readonly refreshToken?: string | null;
  readonly refreshEndsAfterMs?: number;
  readonly state?: ConnectionState;
}

/** A connection whose tokens were issued at `start`. */
export function connectionIn({
  lifetimeMs = hour,
  refreshToken = 'rt-1',
  refreshEndsAfterMs,
  state,
}: Condition): Connection {
  return connectionSchema.decode({
    connectionId: 'co_1',
    tenant: 'default',
    userId: 'u',
    provider: 'github',
    account: 'default',
    tokenSet: {
      accessToken: 'at-1',
      tokenType: 'Bearer',
      refreshToken: refreshToken ?? undefined,
      obtainedAt: start,
      expiresAt: lifetimeMs === null ? undefined : start + lifetimeMs,
      refreshExpiresAt: refreshEndsAfterMs === undefined ? undefined : start + refreshEndsAfterMs,
      scope: [],
    },
    requestedScope: [],
    state: state ?? { kind: 'active' },
    proof: { mode: 'chat_code', provenAt: start },
    connectedAt: start,
    updatedAt: start,
  });
}
