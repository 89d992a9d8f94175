/** What callers, browsers and pages are told. Plain values; a secret stands here only where it is handed out. */

import type { ChatIdentity } from './connect.js';
import type { ConnectionStatus, ProofMode, ProviderIdentity } from './connection.js';
import type { AccountLabel, Owner, ProviderId, TenantId, UserId } from './identifiers.js';
import type { Scope } from './scope.js';
import type { Secret } from './secret.js';
import type { Site } from './site.js';

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
  /** What the provider's API wants to know beside the token: shop, `realm_id`, `instance_url`, `cloud_id`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The places that the grant reaches, at providers where those may be several. */
  readonly sites?: readonly Site[];
  /** Whom an exchanged token is about, where that is known. In process only. */
  readonly delegation?: Delegation;
}

/** Who acts for whom (RFC 8693 section 4.1). */
export interface Delegation {
  readonly subject?: string | undefined;
  /** The current actor first, then those before it. */
  readonly actors: readonly string[];
}

/** One connection as it is listed. Never a secret. */
export interface ConnectionSummary {
  readonly connectionId: string;
  readonly provider: ProviderId;
  /** Only of servers that nobody configured: the others are listed by their names. */
  readonly providerName?: string;
  readonly account: AccountLabel;
  readonly identity?: ProviderIdentity;
  readonly scope: Scope;
  readonly status: ConnectionStatus;
  /** End of the access token at hand, epoch ms; absent = does not expire. */
  readonly expiresAt?: number;
  readonly hasRefreshToken: boolean;
  /** Epoch ms. */
  readonly connectedAt: number;
  /** Since when the person has paused it, epoch ms. */
  readonly pausedAt?: number;
  /** Epoch ms, to the minute. */
  readonly lastUsedAt?: number;
  /**
   * What disconnecting this one ends as well: labels of connections at the same provider, names of other providers that are the
   * same client there.
   */
  readonly endsToo?: readonly string[];
}

/** A connect that was just made. `connectUrl` is a bearer secret for one person. */
export interface StartedConnect {
  readonly connectId: string;
  readonly connectUrl: string;
  /** Epoch ms at which the link ends. */
  readonly expiresAt: number;
  readonly proof: ProofMode;
  /** With method `device`; `connectUrl` is then the provider's own address. */
  readonly device?: DeviceInstructions;
}

/** What the person does on another device (RFC 8628 section 3.2). */
export interface DeviceInstructions {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string | undefined;
  readonly intervalMs: number;
}

/** How far a connect is; the last three are ends. */
export type ConnectStatus = 'pending' | 'awaiting_proof' | 'connected' | 'failed' | 'expired';

/** The state of a connect. */
export interface ConnectView {
  readonly connectId: string;
  readonly provider: ProviderId;
  readonly status: ConnectStatus;
  /** Why it failed: the `error` that the provider answered, such as `access_denied`, or a word of ours. */
  readonly error?: string;
  readonly identity?: ProviderIdentity;
  /** As it was given when the connect was made. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a link code stands for. */
export interface ResolvedLink extends Owner {
  readonly provider: ProviderId;
  readonly account?: AccountLabel;
  /** Absent = the provider's default. */
  readonly scope?: Scope;
}

/** The end of a successful proof. */
export interface ProvenConnect {
  readonly connectId: string;
  readonly provider: ProviderId;
  readonly identity?: ProviderIdentity;
  readonly connectionId: string;
}

/** What a program meant to do when the person had to connect first. Handed out once. */
export interface PendingAction {
  /** The connect that was completed. */
  readonly connectId: string;
  readonly userId: UserId;
  readonly provider: ProviderId;
  readonly account: AccountLabel;
  /** The payload as it was given: JSON. */
  readonly resume: unknown;
  /** Epoch ms at which it was given. */
  readonly keptAt: number;
}

/** One use of a connection's token; the same caller with the same purpose is noted at most once a minute. */
export interface TokenUse {
  /** Epoch ms. */
  readonly at: number;
  /** Id of the API key, or subject of the JWT. */
  readonly caller: string;
  /** Who answers for the caller, where the id says nothing to a person. */
  readonly name?: string;
  /** What the caller said that it was for. */
  readonly purpose?: string;
}

/** A connection with who used its token, newest first; at most 50 uses, of callers that said who they are. */
export interface ConnectionDetails {
  readonly connection: ConnectionSummary;
  readonly uses: readonly TokenUse[];
}

/** What came of revoking at the provider. The local copy is gone in every case. */
export type RevocationOutcome = 'yes' | 'no' | 'unsupported';

/** What the landing page shows before anything happens. */
export interface LinkView {
  readonly provider: ProviderId;
  readonly providerName: string;
  /** Name of the icon of the provider's brand. */
  readonly providerIcon?: string;
  readonly chatIdentity?: ChatIdentity;
  readonly scope: Scope;
  /** Epoch ms at which the link ends. */
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

/** Where the browser signs in (proof `chat_login`), and at which provider; its flow cookie is good there too. */
export interface StartedChatLogin {
  readonly authorizationUrl: string;
  readonly provider: ProviderId;
  /** Epoch ms at which the sign-in, and so the cookie, ends. */
  readonly expiresAt: number;
}

/** What the done page shows to the browser that finished, and to no other. */
export interface FinishedView {
  readonly connectId: string;
  readonly provider: ProviderId;
  readonly providerName: string;
  readonly providerIcon?: string;
  readonly chatIdentity?: ChatIdentity;
  readonly identity?: ProviderIdentity;
  readonly status: ConnectStatus;
  readonly proof: ProofMode;
  readonly error?: string;
  /** For proof `chat_code`, while it is awaited. */
  readonly returnCode?: Secret;
  /** Until when the proof is awaited, epoch ms. */
  readonly proofUntil?: number;
  /** One-tap link that carries the return code to the chat (`PROOF_DEEP_LINK`). */
  readonly deepLink?: string;
  /** Where the person may go on to; from the link, already checked. */
  readonly returnTo?: string;
  /** For proof `app_verifier`: where the host checks who is in the browser. */
  readonly verifierUrl?: string;
  /** For proof `chat_login`, while it is awaited: where the person signs in. */
  readonly chatLogin?: { readonly providerName: string; readonly authorizationOrigin: string };
}

/** Somebody's visit to the account page. */
export interface SessionView {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly csrfToken: Secret;
  /** Epoch ms. */
  readonly endsAt: number;
}

/** One provider as it is listed. */
export interface ProviderListing {
  readonly id: ProviderId;
  readonly displayName: string;
  readonly icon?: string;
  readonly configured: boolean;
  readonly scope: Scope;
  readonly source: string;
  /** What a first connect has to be given, where each customer has a host of its own: `shop`, `subdomain`. */
  readonly parameters?: readonly string[];
}
