/** A provider: an authorization server, our client there, and the few ways in which it differs. Data, not classes. */

import type { ProviderIdentity } from './connection.js';
import type { OAuthManagerError } from './errors.js';
import type { ProviderId } from './identifiers.js';
import type { Scope } from './scope.js';
import type { Secret } from './secret.js';
import type { SignalSettings } from './signal.js';
import type { SiteList } from './site.js';
import type { SourceSettings } from './token-source.js';

/** RFC 6749 section 2.3, RFC 7591 section 2, and three ways of providers' own. */
export type ClientAuthenticationMethod =
  | 'client_secret_basic'
  /** Without the form-encoding of RFC 6749 section 2.3.1. */
  | 'client_secret_basic_raw'
  /** The secret is the Basic user name, the password is empty (Stripe). */
  | 'client_secret_as_username'
  | 'client_secret_post'
  /** `client_secret` is a short-lived JWT that our key signs (Apple). */
  | 'client_secret_signed'
  | 'private_key_jwt'
  | 'none';

/**
 * What happens when a refresh token is sent twice. `none`: nothing, it stays good. `grace`: the old one works for a
 * while. `strict`: the provider may end the whole grant (RFC 9700 section 4.14).
 */
export type RefreshReuse = 'none' | 'grace' | 'strict';

/** How a token is revoked at one provider (RFC 7009, and the providers' own ways). */
export interface Revocation {
  readonly endpoint: string;
  readonly method: 'POST' | 'DELETE';
  /** `client` = as at the token endpoint; `basic` = client id and secret; `bearer` = the token itself; `client_id` = only that, in the body. */
  readonly authentication: 'client' | 'basic' | 'bearer' | 'client_id' | 'none';
  readonly body: 'form' | 'json' | 'query' | 'none';
  /** Name of the field with the token. */
  readonly parameter: string;
  /** Which token is sent: `refresh` falls back to access where there is none, except for `refresh_only`. */
  readonly token: 'refresh' | 'access' | 'refresh_only';
  /** What else ends with it: RFC 7009 leaves it open. */
  readonly reach: 'token' | 'grant' | 'user' | 'workspace';
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that mean that the token is dead, beside 200-299; 400 at Google for one already dead. */
  readonly alsoDone?: readonly number[];
}

/** Where the identity of the connected account is read. Paths: `a.b`, `$.a[0].b`; `a|b` takes the first that is present, `a+b` joins. */
export interface IdentityMapping {
  readonly from: 'userinfo' | 'token_response' | 'id_token' | 'none';
  /** What `iss` of the ID token must be, `{name}` standing for its claim of that name (Microsoft's tenants). */
  readonly issuer?: string;
  readonly endpoint?: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON body of a POST, for GraphQL. */
  readonly body?: string;
  readonly id: string;
  /** What the id is unique within, as text with `{parameter}` names: `{realm_id}`, `{shop}.myshopify.com`. */
  readonly place?: string;
  readonly name?: string;
  /** Where the name stands when the identity has none: the path within a parameter of the authorization response that is JSON. */
  readonly callbackName?: { readonly parameter: string; readonly path: string };
  readonly email?: string;
  /** A list of addresses that is asked when `email` is absent (GitHub's private addresses). */
  readonly emails?: EmailList;
}

/** Where a user's e-mail addresses are listed: the one that is both primary and verified is taken. */
export interface EmailList {
  /** Resolved against the userinfo endpoint, so that it moves with it. */
  readonly endpoint: string;
  /** Dotted path of the array; absent = the body is the array. */
  readonly list?: string;
  readonly address: string;
  readonly primary: string;
  readonly verified: string;
}

/** A value that stands as `{name}` in endpoints and is given per connection: shop, subdomain. */
export interface Placeholder {
  /** What the value must match in full, so that it cannot name another host. */
  readonly pattern: RegExp;
  /** For a connection that gives none. Ids of accounts are unique beyond it. */
  readonly default?: string | undefined;
}

/** An answer of the token endpoint that means something beyond RFC 6749 5.2. Fields that are set must all match. */
export interface RefusalSignal {
  readonly status?: number;
  /** Value of the body's `error` (or the dialect's word for it). */
  readonly error?: string;
  /** A code within the body: `error_codes[]`, `error_subtype`, `suberror`. */
  readonly detail?: string;
  /** `unclear`: concerns some people only, and may pass. It ends no grant, and holds back nobody else. */
  readonly means: 'dead_grant' | 'misconfigured' | 'unavailable' | 'unclear';
}

/** Our key at a provider. */
export interface ClientKey {
  readonly privateKey: Secret;
  readonly keyId?: string;
  /** Thumbprint of our certificate, base64url, SHA-1 or SHA-256 (Microsoft). */
  readonly thumbprint?: string;
  /** `iss` of a signed client secret, where it is not the client id (Apple: the team id). */
  readonly issuer?: string;
}

/** A token response or an error body, before it is read as RFC 6749 says. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An authorization server, our client there, and the ways in which it differs from the standards. */
export interface Provider {
  readonly id: ProviderId;
  readonly displayName: string;
  /** Name of its brand's icon. */
  readonly icon?: string;
  readonly documentation?: string;
  readonly issuer?: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Where refresh grants go, if not to the token endpoint. */
  readonly refreshEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  /** Whether the authorization response must carry `iss` (RFC 9207). */
  readonly issParameterSupported: boolean;
  /** Its own words for `access_denied` in an authorization response (RFC 6749 4.1.2.1). */
  readonly denials?: readonly string[];
  readonly clientId: string;
  readonly clientSecret?: Secret;
  readonly clientAuthentication: ClientAuthenticationMethod;
  /** PEM of the private key and its names, for `private_key_jwt` and `client_secret_signed`. */
  readonly clientKey?: ClientKey;
  readonly tokenRequestFormat: 'form' | 'json';
  readonly pkce: 'S256' | 'none';
  readonly defaultScope: Scope;
  readonly scopeSeparator: string;
  /** Scope tokens that mean the same in request and answer, from what is asked to what is granted. */
  readonly scopeAliases?: Readonly<Record<string, string>>;
  /**
   * Tokens that bring a refresh token (`offline_access`): asked for with every scope, and not missed when an answer does
   * not list them.
   */
  readonly unlistedScope: Scope;
  readonly extraAuthorizationParameters: Readonly<Record<string, string>>;
  readonly extraTokenParameters: Readonly<Record<string, string>>;
  readonly extraTokenHeaders: Readonly<Record<string, string>>;
  /** Value for `resource` (RFC 8707), verbatim. */
  readonly resource?: string;
  /** `false`: tokens without `expires_in` do not expire; `true`: they live `defaultLifetimeMs`. */
  readonly tokensExpire: boolean;
  readonly defaultLifetimeMs: number;
  readonly refreshBufferMs?: number;
  /** `false`: it wants refresh tokens to be used rarely, so that tokens are refreshed only when a caller asks. */
  readonly refreshAhead?: false;
  /** Ms that one request to the token endpoint may take, where that is less than for all. */
  readonly requestTimeoutMs?: number;
  /** Sent with each refresh; only for a fixed identity. */
  readonly refreshScope?: Scope;
  readonly refreshReuse: RefreshReuse;
  /** How long an old refresh token still works, for `grace`. */
  readonly reuseGraceMs?: number;
  /**
   * Lifetime of a refresh token, whether using it starts it anew, and the end that the grant has all the same, counted
   * from the consent.
   */
  readonly refreshLifetime?: { readonly ms: number; readonly renewedByUse: boolean; readonly mostMs?: number };
  /**
   * Several connections may hold one and the same rotating refresh token: one chain for a whole workspace. A connection
   * with the kept parameter of this name has a token of its person's own, in a chain of its own.
   */
  readonly sharedChain?: { readonly unlessKept: string };
  readonly identity: IdentityMapping;
  readonly sites?: SiteList;
  readonly revocation?: Revocation;
  /** How it tells us by itself that a person has ended the authorization there. */
  readonly signals?: SignalSettings;
  /** What its signals are verified by, where that is not published: a secret, or a public key. */
  readonly signalKey?: Secret;
  readonly refusals: readonly RefusalSignal[];
  /**
   * What is kept with the connection beside its tokens, as parameters of these names: from the authorization response
   * (`realmId`), and from the token response (`instance_url`) by dotted path.
   */
  readonly keepFromCallback?: Readonly<Record<string, string>>;
  readonly keepFromResponse?: Readonly<Record<string, string>>;
  /** Parameters of the authorization response that must have these values; see `checkCallback`. */
  readonly callbackMatches?: Readonly<Record<string, string>>;
  /** The parameter of the authorization response that signs the others. */
  readonly callbackSignature?: string;
  /** Puts a token response or error body into the words of RFC 6749. */
  readonly standardize?: (body: JsonObject, status: number) => JsonObject;
  /** Reads the identity where paths do not suffice. */
  readonly readIdentity?: (body: JsonObject) => ProviderIdentity | undefined;
  /** Where its tokens come from; absent = one grant per user, by the authorization code grant. */
  readonly source?: SourceSettings;
  /** Its URLs came from strangers (an MCP server and its metadata): requests leave by the guarded way only. */
  readonly foreign?: true;
  /** Facts in this record that no source confirmed. */
  readonly unverified: readonly string[];
  /** By name, those that still stand in the endpoints; see `withParameters`. */
  readonly placeholders?: Readonly<Record<string, Placeholder>>;
  /** The same provider with placeholders in the places of usual values that a connect may replace. */
  readonly choosable?: Provider;
  /** What one connection has filled in for `placeholders`: which customer's host is asked. Absent = one host for all. */
  readonly place?: string;
}

/** The fields of a provider that tell the accounts and workspaces of its connections apart. */
export type AccountNaming = Pick<Provider, 'placeholders' | 'sites' | 'sharedChain' | 'keepFromResponse'>;

/** The providers that can be used: known, and with client credentials. */
export interface ProviderRegistry {
  find(id: ProviderId): Provider | undefined;
  /** Also for a known provider that is not configured: it may have been, and still have connections. */
  findNaming(id: ProviderId): AccountNaming | undefined;
  /** Why a provider that is known cannot be found just now, for one whose issuer has to be asked first. */
  whyUnavailable?(id: ProviderId): OAuthManagerError | undefined;
  /** In a stable order. */
  configured(): readonly Provider[];
  /** Every provider known, configured or not, for the listing. */
  known(): readonly {
    readonly id: ProviderId;
    readonly displayName: string;
    readonly icon?: string;
    readonly configured: boolean;
    readonly defaultScope: Scope;
    /** How its tokens come about (`authorization_code` when absent). */
    readonly source?: string;
  }[];
}

/**
 * The wanted scope tokens that this provider did not grant. A token also counts as granted under its other name
 * (`scopeAliases`), and one that is never listed (`offline_access`) is not missed.
 */
export function missingScopeAt(provider: Provider, granted: Scope, wanted: Scope): Scope {
  if (wanted.length === 0) return [];
  const have = new Set<string | undefined>(granted);
  const aliases = provider.scopeAliases ?? {};
  return wanted.filter((token) => {
    const alias = Object.hasOwn(aliases, token) ? aliases[token] : undefined;
    return !have.has(token) && !have.has(alias) && !provider.unlistedScope.includes(token);
  });
}
