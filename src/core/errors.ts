/** Every error class, its code, and the union of all. Kinds are told by class and code, never by text. */

import type { ProofMode } from './connection.js';
import type { ProviderId } from './identifiers.js';

/** Who has to do something about an error. */
export type WhoMustAct = 'user' | 'caller' | 'operator' | 'nobody';

/** Why there is no token for a user; the codes of HTTP status 409 are the same words. */
export type NotConnectedReason =
  | 'not_connected'
  | 'awaiting_proof'
  | 'expired'
  | 'reauthorization_required'
  | 'insufficient_scope'
  | 'account_mismatch';

/** The base of every error that Valetkey throws on purpose. Messages and fields never hold a secret. */
export abstract class OAuthManagerError extends Error {
  abstract readonly code: string;
  abstract readonly whoMustAct: WhoMustAct;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The user's signal: there is no token until the person opens `connectUrl`. */
export class OAuthNotConnected extends OAuthManagerError {
  readonly code: NotConnectedReason;
  readonly whoMustAct = 'user';
  readonly provider: ProviderId;
  readonly reason: NotConnectedReason;
  readonly connectId: string;
  readonly missingScopes?: readonly string[];
  /** The connection is there and the person has paused it: they resume it on their account page, or by connecting anew. */
  readonly paused?: true;
  /** How the person behind the link will be shown to be the right one; the client is not told. */
  readonly proof?: ProofMode;
  readonly #connectUrl: string;

  /** Hosts create it as well, to test how their tools take it: so `provider` is any text. */
  constructor(fields: {
    provider: string;
    reason: NotConnectedReason;
    connectUrl: string;
    connectId: string;
    missingScopes?: readonly string[] | undefined;
    paused?: boolean | undefined;
    proof?: ProofMode | undefined;
  }) {
    super(
      fields.paused
        ? `The user has paused the ${fields.provider} connection: ask them to resume it, or to open the connect link.`
        : `No usable ${fields.provider} connection (${fields.reason}): ask the user to open the connect link.`,
    );
    this.code = fields.reason;
    this.reason = fields.reason;
    this.provider = fields.provider as ProviderId;
    this.#connectUrl = fields.connectUrl;
    this.connectId = fields.connectId;
    this.missingScopes = fields.missingScopes;
    if (fields.paused) this.paused = true;
    if (fields.proof !== undefined) this.proof = fields.proof;
  }

  /** One-time link for the person; a bearer secret, to be posted to that person only. Printing the error leaves it out. */
  get connectUrl(): string {
    return this.#connectUrl;
  }
}

/** The caller sent something unusable. `field` names it; its value is never repeated. */
export class InvalidRequest extends OAuthManagerError {
  readonly code = 'invalid_request';
  readonly whoMustAct = 'caller';
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
  }
}

/** The caller showed no usable credential. One message for every cause. */
export class Unauthorized extends OAuthManagerError {
  readonly code = 'unauthorized';
  readonly whoMustAct = 'caller';
  /** For the audit trail only. */
  readonly reason: string;
  /** Whether a credential was shown at all (RFC 6750 section 3.1). */
  readonly presented: boolean;

  constructor(reason: string, presented: boolean) {
    super('A valid credential is required.');
    this.reason = reason;
    this.presented = presented;
  }
}

/** The caller is known and may not do this. */
export class Forbidden extends OAuthManagerError {
  readonly code = 'forbidden';
  readonly whoMustAct = 'caller';
}

/** The code typed in the chat is not the one shown in the browser. */
export class CodeRefused extends OAuthManagerError {
  readonly code = 'code_refused';
  readonly whoMustAct = 'user';
  readonly attemptsLeft: number;

  constructor(attemptsLeft: number) {
    super('The code is not the one shown in the browser.');
    this.attemptsLeft = attemptsLeft;
  }
}

/** No provider of that name, or it has no client credentials here. */
export class UnknownProvider extends OAuthManagerError {
  readonly code = 'unknown_provider';
  readonly whoMustAct = 'caller';

  constructor() {
    super('No provider of that name is configured.');
  }
}

/** No connect of that id, or it belongs to another tenant. */
export class UnknownConnect extends OAuthManagerError {
  readonly code = 'unknown_connect';
  readonly whoMustAct = 'caller';

  constructor() {
    super('There is no connect with that id.');
  }
}

/** There is nothing at that address. */
export class NotFound extends OAuthManagerError {
  readonly code = 'not_found';
  readonly whoMustAct = 'caller';

  constructor(message = 'There is nothing here.') {
    super(message);
  }
}

/** A link, state or code was used up or is too old. */
export class Gone extends OAuthManagerError {
  readonly code = 'gone';
  readonly whoMustAct = 'user';
}

/** Too many requests; `retryAfterMs` says when to come back. */
export class RateLimited extends OAuthManagerError {
  readonly code = 'rate_limited';
  readonly whoMustAct = 'caller';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('Too many requests.');
    this.retryAfterMs = retryAfterMs;
  }
}

/** The authorization server answered wrongly, or refuses us for how we are configured. */
export class ProviderError extends OAuthManagerError {
  readonly code: 'provider_error' | 'provider_misconfigured';
  readonly whoMustAct: 'operator' | 'nobody';
  readonly provider: string;
  /** HTTP status of the answer, if there was one. */
  readonly status?: number;
  /** The OAuth `error` code, sanitised: only characters of RFC 6749 section 5.2, at most 64. */
  readonly oauthError?: string;

  constructor(
    message: string,
    fields: { provider: string; misconfigured?: boolean; status?: number; oauthError?: string },
  ) {
    super(message);
    this.code = fields.misconfigured ? 'provider_misconfigured' : 'provider_error';
    this.whoMustAct = fields.misconfigured ? 'operator' : 'nobody';
    this.provider = fields.provider;
    this.status = fields.status;
    this.oauthError = fields.oauthError;
  }
}

/** Where on the way from a 401 to a token a foreign server failed. */
export type DiscoveryStep = 'resource_metadata' | 'authorization_server_metadata' | 'pkce' | 'registration' | 'token';

/** An MCP server, or its authorization server, cannot be used as it is. Nothing of what it sent is repeated. */
export class DiscoveryFailed extends OAuthManagerError {
  readonly code = 'discovery_failed';
  readonly whoMustAct = 'operator';
  readonly step: DiscoveryStep;
  /** Origin of the URL that was the matter. */
  readonly origin: string;

  constructor(step: DiscoveryStep, url: string, problem: string) {
    const origin = URL.canParse(url) ? new URL(url).origin : 'an unreadable URL';
    super(`${step}: ${origin} ${problem}`);
    this.step = step;
    this.origin = origin;
  }
}

/** There is no client of ours at an authorization server, and none can be had: the operator has to register one. */
export class ClientRegistrationRequired extends OAuthManagerError {
  readonly code = 'client_registration_required';
  readonly whoMustAct = 'operator';
  readonly step = 'registration';
  readonly issuer: string;
  /** To be registered there. */
  readonly redirectUri: string;
  /** The `error` with which registration was refused, if it was; sanitised. */
  readonly oauthError?: string;

  constructor(fields: { issuer: string; redirectUri: string; oauthError?: string }) {
    const why = fields.oauthError === undefined ? 'offers no registration' : `refused it (${fields.oauthError})`;
    super(`CLIENT_REGISTRATION_REQUIRED: ${fields.issuer} ${why}; register a client with ${fields.redirectUri} there.`);
    this.issuer = fields.issuer;
    this.redirectUri = fields.redirectUri;
    this.oauthError = fields.oauthError;
  }
}

/** The authorization server says that this grant is over: `invalid_grant`, or the provider's own word for it. */
export class GrantRefused extends OAuthManagerError {
  readonly code = 'grant_refused';
  readonly whoMustAct = 'user';
  readonly provider: string;
  readonly status: number;
  readonly oauthError: string;

  constructor(fields: { provider: string; status: number; oauthError: string }) {
    super(`${fields.provider} refused the grant (${fields.oauthError}).`);
    this.provider = fields.provider;
    this.status = fields.status;
    this.oauthError = fields.oauthError;
  }
}

/**
 * The authorization server gave no usable answer now: time-out, connection failure, 429 or 5xx.
 *
 * `reached` tells what is known about the request: `no` = it never left, or the provider said that it did nothing;
 * `unknown` = it may have been carried out and the answer was lost, so a single-use token may be spent.
 */
export class ProviderUnavailable extends OAuthManagerError {
  readonly code = 'provider_unavailable';
  readonly whoMustAct = 'nobody';
  readonly provider: string;
  readonly reached: 'no' | 'unknown';
  readonly status?: number;
  readonly retryAfterMs?: number;

  constructor(
    message: string,
    fields: { provider: string; reached: 'no' | 'unknown'; status?: number; retryAfterMs?: number },
  ) {
    super(message);
    this.provider = fields.provider;
    this.reached = fields.reached;
    this.status = fields.status;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/** The store did not answer. Never the same as "not connected". */
export class StoreUnavailable extends OAuthManagerError {
  readonly code = 'store_unavailable';
  readonly whoMustAct = 'nobody';
  /** `no` = the command was not carried out; `unknown` = it may have been, read back before repeating it. */
  readonly carriedOut: 'no' | 'unknown';

  constructor(message: string, carriedOut: 'no' | 'unknown' = 'unknown') {
    super(message);
    this.carriedOut = carriedOut;
  }
}

/**
 * A record names an encryption key that is not in the keyring, or the key service is down; or the keys that callers' JWTs
 * are checked with cannot be had. Nothing was lost.
 */
export class KeyUnavailable extends OAuthManagerError {
  readonly code = 'key_unavailable';
  readonly whoMustAct = 'operator';
  readonly keyId: string;

  /**
   * @param remedy a sentence for the operator
   * @param what   names what is missing, if it is not an encryption key
   */
  constructor(keyId: string, remedy?: string, what = `encryption key "${keyId}"`) {
    super(`The ${what} is not available.${remedy === undefined ? '' : ` ${remedy}`}`);
    this.keyId = keyId;
  }
}

/** A stored record cannot be opened or read. It is left as it is for the operator. */
export class StoredTokenUnreadable extends OAuthManagerError {
  readonly code = 'stored_token_unreadable';
  readonly whoMustAct = 'operator';
}

/** The manager was used before `initOAuthManager`, initialised twice, or used after `close`. */
export class ManagerLifecycleError extends OAuthManagerError {
  readonly code = 'manager_lifecycle';
  readonly whoMustAct = 'operator';
}

/** Configuration cannot work; `faults` lists all of them, by name and never by value. */
export class ConfigurationError extends OAuthManagerError {
  readonly code = 'configuration_invalid';
  readonly whoMustAct = 'operator';
  readonly faults: readonly { readonly name: string; readonly problem: string }[];

  constructor(faults: readonly { readonly name: string; readonly problem: string }[]) {
    super(`Configuration cannot be used:\n${faults.map((fault) => `  ${fault.name}: ${fault.problem}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Every error that Valetkey throws on purpose; narrows by `switch (error.code)`. */
export type AnyOAuthManagerError =
  | OAuthNotConnected
  | InvalidRequest
  | Unauthorized
  | Forbidden
  | CodeRefused
  | UnknownProvider
  | UnknownConnect
  | NotFound
  | Gone
  | RateLimited
  | ProviderError
  | DiscoveryFailed
  | ClientRegistrationRequired
  | GrantRefused
  | ProviderUnavailable
  | StoreUnavailable
  | KeyUnavailable
  | StoredTokenUnreadable
  | ManagerLifecycleError
  | ConfigurationError;
