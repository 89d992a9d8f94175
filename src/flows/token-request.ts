/** A request for a token, and its outcome. */

import type { StoredConnection } from '../core/connection.js';
import type { NotConnectedReason } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import type { Secret } from '../core/secret.js';
import type { AccessToken } from '../core/views.js';
import type { ConnectionWish } from './find-connection.js';
import type { TokenUser } from './usage-ledger.js';

/** What a caller asks for. */
export interface TokenRequest extends ConnectionWish {
  readonly scope?: Scope;
  readonly minTtlMs?: number;
  /** Lower-case hex SHA-256 of an access token that the provider's API refused. */
  readonly rejectedTokenSha256?: string;
  /** Only for providers with source `token_exchange`. */
  readonly subjectToken?: Secret;
  readonly resource?: string;
  readonly usedBy?: TokenUser;
}

/** A token, or why the person has to act. */
export type TokenOutcome =
  | { readonly kind: 'token'; readonly token: AccessToken }
  | {
      readonly kind: 'none';
      readonly reason: NotConnectedReason;
      readonly missingScope?: Scope;
      readonly grantedScope?: Scope;
      /** The person has paused the connection. */
      readonly paused?: true;
    };

/** A connection as it was read, and what its caller asked for. */
export interface Due {
  readonly stored: StoredConnection;
  readonly request: TokenRequest;
}
