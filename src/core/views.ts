/** What callers, browsers and pages are told. Plain values; a secret stands here only where it is handed out. */

import type { ChatIdentity } from './connect.js';
import type { ConnectionStatus, ProofMode, ProviderIdentity } from './connection.js';
import type { AccountLabel, ProviderId, TenantId, UserId } from './identifiers.js';
import type { Scope } from './scope.js';
import type { Secret } from './secret.js';

/** A token on its way to its caller. */
export interface AccessToken {
  readonly accessToken: Secret;
  readonly tokenType: string;
  /** Epoch ms; absent = does not expire. */
  readonly expiresAt?: number;
  readonly scope: Scope;
  readonly provider: ProviderId;
  /** The connected account at the provider; absent when the provider tells nothing about it. */
  readonly identity?: ProviderIdentity;
  readonly connectionId: string;
}

/** One connection as it is listed. Never a secret. */
export interface ConnectionSummary {
  readonly connectionId: string;
  readonly provider: ProviderId;
  readonly account: AccountLabel;
  readonly identity?: ProviderIdentity;
  readonly scope: Scope;
  readonly status: ConnectionStatus;
  readonly expiresAt?: number;
  readonly hasRefreshToken: boolean;
  readonly connectedAt: number;
  readonly lastUsedAt?: number;
}

/** A connect that was just made. `connectUrl` is a bearer secret for one person. */
export interface StartedConnect {
  readonly connectId: string;
  readonly connectUrl: string;
  readonly expiresAt: number;
  readonly proof: ProofMode;
}

export type ConnectStatus = 'pending' | 'awaiting_proof' | 'connected' | 'failed' | 'expired';

/** Where a connect stands. */
export interface ConnectView {
  readonly connectId: string;
  readonly provider: ProviderId;
  readonly status: ConnectStatus;
  readonly error?: string;
  readonly identity?: ProviderIdentity;
}

/** The end of a successful proof. */
export interface ProvenConnect {
  readonly connectId: string;
  readonly provider: ProviderId;
  readonly identity?: ProviderIdentity;
  readonly connectionId: string;
}

/** What came of revoking at the provider. The local copy is gone in every case. */
export type RevocationOutcome = 'yes' | 'no' | 'unsupported';

/** What the landing page shows before anything happens. */
export interface LinkView {
  readonly provider: ProviderId;
  readonly providerName: string;
  readonly chatIdentity?: ChatIdentity;
  readonly scope: Scope;
  readonly expiresAt: number;
  readonly proof: ProofMode;
  /** Origin to which Continue will lead, for the page's `form-action`. */
  readonly authorizationOrigin: string;
}

/** Where the browser goes after Continue, and the value of its flow cookie. */
export interface StartedAuthorization {
  readonly authorizationUrl: string;
  readonly browserSecret: Secret;
  /** Epoch ms at which the flow, and so the cookie, ends. */
  readonly expiresAt: number;
}

/** What the done page shows to the browser that finished, and to no other. */
export interface FinishedView {
  readonly connectId: string;
  readonly provider: ProviderId;
  readonly providerName: string;
  readonly chatIdentity?: ChatIdentity;
  readonly identity?: ProviderIdentity;
  readonly status: ConnectStatus;
  readonly proof: ProofMode;
  readonly error?: string;
  /** For proof `chat_code`, while it is awaited. */
  readonly returnCode?: Secret;
  /** One-tap link that carries the return code to the chat (`PROOF_DEEP_LINK`). */
  readonly deepLink?: string;
  /** Where the person may go on to; from the link, already checked. */
  readonly returnTo?: string;
  /** For proof `app_verifier`: where the host checks who is in the browser. */
  readonly verifierUrl?: string;
}

/** Somebody's visit to the account page. */
export interface SessionView {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly csrfToken: Secret;
  readonly endsAt: number;
}

/** One provider as it is listed. */
export interface ProviderListing {
  readonly id: ProviderId;
  readonly displayName: string;
  readonly configured: boolean;
  readonly scope: Scope;
  readonly source: string;
}
