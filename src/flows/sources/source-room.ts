/** What token sources work with. */

import type { TokenSet } from '../../core/token-set.js';
import type { Http } from '../../protocol/http.js';
import type { FreshToken } from './kept-tokens.js';

/** The way out and the clocks. */
export interface SourceRoom {
  readonly http: Http;
  /** Epoch ms. */
  readonly now: () => number;
  /** Ms on a clock that nobody sets: how long a token is kept does not depend on the time of day. */
  readonly elapsed: () => number;
  readonly refreshBufferMs: number;
}

/** A token set without its refresh token: what can be asked for again needs none. */
export function asFreshToken({ accessToken, tokenType, expiresAt, obtainedAt, scope }: TokenSet): FreshToken {
  return {
    accessToken,
    tokenType,
    scope,
    ...(expiresAt !== undefined && { expiresAt, lifetimeMs: expiresAt - obtainedAt }),
  };
}
