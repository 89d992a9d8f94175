/** Where the tokens of a provider come from, when it is not one grant per user. */

import type { Scope } from './scope.js';
import type { Secret } from './secret.js';
import type { Delegation } from './views.js';

/** What a caller wants of a source. */
export interface SourceRequest {
  /** Empty = what the source is configured for. */
  readonly scope: Scope;
  /** The token on whose behalf another one is wanted; there whenever `requiresSubjectToken` is. */
  readonly subjectToken?: Secret;
  /** Target of an exchange (RFC 8707). */
  readonly resource?: string;
  /** Ms that the token should still live. */
  readonly minTtlMs?: number;
  /** Lower-case hex SHA-256 of an access token that was refused. */
  readonly rejectedTokenSha256?: string;
}

/** A token, and nothing that it was got with. */
export interface SourcedToken {
  readonly accessToken: Secret | string;
  /** `Bearer` by default. */
  readonly tokenType?: string | undefined;
  /** Epoch ms; absent = does not expire. */
  readonly expiresAt?: number | undefined;
  readonly scope?: Scope | undefined;
  /** Whom an exchanged token is about; for the audit trail. */
  readonly delegation?: Delegation | undefined;
}

/** Gives tokens. Hosts may bring their own (`sources` of the manager's options). */
export interface TokenSource {
  /** Whether each request must name a subject token; one without is refused before the source is asked. */
  readonly requiresSubjectToken: boolean;
  /** Rejects with an error when there is no token; never answers without one. */
  resolve(request: SourceRequest): Promise<SourcedToken>;
  /** Whether there is a token to be had, by what is known here; asks nobody outside. Absent = there always is. */
  has?(request: SourceRequest): Promise<boolean>;
}

/** How subject tokens are exchanged (RFC 8693 section 2.1; other grants that take an assertion). */
export interface ExchangeSettings {
  readonly grantType?: string;
  readonly subjectTokenParameter?: string;
  /** `null` leaves it out. */
  readonly subjectTokenType?: string | null;
  readonly requestedTokenType?: string;
  readonly audience?: string;
  /** Whose subject tokens are sent on at all: values of `iss`. Absent = the authorization server alone decides. */
  readonly subjectIssuers?: readonly string[];
  /** Who we are in `may_act` of subject tokens; our client id by default. */
  readonly actor?: string;
  /** How many exchanged tokens are kept in memory. */
  readonly cacheSize: number;
}

/** A source that needs no code, by the words of `source` in the configuration. */
export type SourceSettings =
  | { readonly kind: 'refresh_token'; readonly refreshToken?: Secret }
  | { readonly kind: 'static'; readonly accessToken?: Secret }
  | { readonly kind: 'client_credentials' }
  | { readonly kind: 'token_exchange'; readonly exchange: ExchangeSettings };

/** A fixed identity's refresh token was replaced by its provider; the new one is stored already. */
export interface Rotation {
  readonly provider: string;
  readonly refreshToken: Secret;
  readonly previous: Secret;
}
