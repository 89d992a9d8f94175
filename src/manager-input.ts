/** What callers of the manager pass in, and how it is parsed once for the journeys. */

import type { ChatIdentity } from './core/connect.js';
import type { ProofMode } from './core/connection.js';
import { defaultAccount, defaultTenant, type TenantId, tenantIdSchema } from './core/identifiers.js';
import { parseAccount, parseInput, parseOwner, parseProviderId } from './core/parse-input.js';
import { Secret } from './core/secret.js';
import type { TokenSet } from './core/token-set.js';
import type { ConnectRequest } from './flows/connect-link.js';
import type { TokenRequest } from './flows/get-token.js';
import type { HostToken } from './flows/store-token.js';

/** The tenant whose user is meant; `default` where there is only one. */
export interface In {
  readonly tenant?: string;
}

/** Which token is wanted. `scopes` must have been granted; `minTtlSeconds` is how long the token must still live. */
export interface TokenOptions extends In {
  readonly account?: string;
  readonly scopes?: readonly string[];
  readonly minTtlSeconds?: number;
}

/** What a connect link is made for. `parameters` are the provider's own (shop, subdomain, …). */
export interface ConnectOptions extends In {
  readonly scopes?: readonly string[];
  readonly account?: string;
  readonly returnTo?: string;
  readonly chatIdentity?: ChatIdentity;
  readonly proof?: ProofMode;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A token that the host got by itself. `expiresAt` in epoch seconds; absent or 0 = does not expire. */
export interface HostTokenInput {
  readonly provider: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresAt?: number;
  readonly scopes?: readonly string[];
  readonly tokenType?: string;
  readonly account?: string;
}

/** A request for a token, or just for the connection it names. */
export function parseTokenRequest(userId: string, provider: string, options: TokenOptions): TokenRequest {
  return {
    owner: parseOwner(userId, options.tenant),
    provider: parseProviderId(provider),
    account: parseAccount(options.account),
    scope: options.scopes,
    minTtlMs: options.minTtlSeconds === undefined ? undefined : options.minTtlSeconds * 1_000,
  };
}

/** A request for a connect link. */
export function parseConnectRequest(userId: string, provider: string, options: ConnectOptions): ConnectRequest {
  const { returnTo, chatIdentity, proof, metadata, parameters } = options;
  const account = parseAccount(options.account);
  const owner = parseOwner(userId, options.tenant);
  const scope = options.scopes;
  return {
    owner,
    provider: parseProviderId(provider),
    account,
    scope,
    returnTo,
    chatIdentity,
    proof,
    metadata,
    parameters,
  };
}

/** A host's own token as the journeys want it. */
export function parseHostToken(userId: string, token: HostTokenInput, at: In & { now: number }): HostToken {
  const { accessToken, refreshToken, expiresAt = 0, scopes = [], tokenType = 'Bearer' } = token;
  const tokenSet: TokenSet = {
    accessToken: new Secret(accessToken),
    tokenType,
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
    expiresAt: expiresAt > 0 ? expiresAt * 1_000 : undefined,
    obtainedAt: at.now,
    scope: scopes,
  };
  const account = parseAccount(token.account) ?? defaultAccount;
  const place = { owner: parseOwner(userId, at.tenant), provider: parseProviderId(token.provider), account };
  return { place, tokenSet, requestedScope: scopes };
}

/** The tenant alone, where no user is named. */
export function parseTenant(options: In): TenantId {
  return options.tenant === undefined ? defaultTenant : parseInput(tenantIdSchema, 'tenant', options.tenant);
}
