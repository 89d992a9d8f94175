/** What callers of the manager pass in, and how it is parsed once for the journeys. */

import type { ChatIdentity } from './core/connect.js';
import { type ProofMode, proofModeSchema, tokenSetSchema } from './core/connection.js';
import { InvalidRequest } from './core/errors.js';
import { defaultAccount, type TenantId } from './core/identifiers.js';
import {
  parseAccount,
  parseInput,
  parseOwner,
  parseProviderId,
  parseScopes,
  parseTenant as parseTenantName,
} from './core/parse-input.js';
import { Secret } from './core/secret.js';
import type { TokenSet } from './core/token-set.js';
import type { ConnectRequest } from './flows/connect-link.js';
import type { TokenRequest } from './flows/get-token.js';
import type { HostToken } from './flows/store-token.js';
import { parseTokenUser, type TokenUser } from './flows/usage-ledger.js';

/** The tenant whose user is meant; `default` where there is only one. */
export interface In {
  readonly tenant?: string;
}

/** Which token is wanted. `scopes` must have been granted; `minTtlSeconds` is how long the token must still live. */
export interface TokenOptions extends In {
  readonly account?: string;
  readonly scopes?: readonly string[];
  readonly minTtlSeconds?: number;
  /** Who uses the token, for the person to see; noted only when it is said. */
  readonly usedBy?: TokenUser;
  /** For providers that exchange tokens (source `token_exchange`), and for no others. */
  readonly subjectToken?: string;
}

/** What decides whether there is a token. */
export type HasTokenOptions = Pick<TokenOptions, 'tenant' | 'account' | 'subjectToken'>;

/** What is exchanged for what. `resource` is the configured one, if it is named at all. */
export interface ExchangeOptions extends In {
  readonly subjectToken: string;
  readonly scopes?: readonly string[];
  readonly resource?: string;
}

/** What a connect link is made for. `parameters` are the provider's own (shop, subdomain, …). */
export interface ConnectOptions extends In {
  readonly scopes?: readonly string[];
  readonly account?: string;
  readonly returnTo?: string;
  readonly chatIdentity?: ChatIdentity;
  readonly proof?: ProofMode;
  /** `device`: the person types a code on another device (RFC 8628). */
  readonly method?: 'browser' | 'device';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** At which providers a code may prove anything; absent = at all. */
export interface ProofOptions extends In {
  readonly providers?: readonly string[];
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
    scope: parseScopes(options.scopes),
    minTtlMs: options.minTtlSeconds === undefined ? undefined : options.minTtlSeconds * 1_000,
    subjectToken: options.subjectToken === undefined ? undefined : new Secret(options.subjectToken),
    usedBy: options.usedBy && parseTokenUser(options.usedBy),
  };
}

/** An exchange is nobody's in particular: whose token it is stands in the subject token. */
export function parseExchange(provider: string, options: ExchangeOptions): TokenRequest {
  const { subjectToken, scopes, resource, tenant } = options;
  return { ...parseTokenRequest('exchange', provider, { subjectToken, scopes, tenant }), resource };
}

/** A request for a connect link. */
export function parseConnectRequest(userId: string, provider: string, options: ConnectOptions): ConnectRequest {
  const { returnTo, chatIdentity, method, metadata, parameters } = options;
  const proof = options.proof === undefined ? undefined : parseInput(proofModeSchema, 'proof', options.proof);
  const account = parseAccount(options.account);
  const owner = parseOwner(userId, options.tenant);
  const scope = parseScopes(options.scopes);
  return {
    owner,
    provider: parseProviderId(provider),
    account,
    scope,
    returnTo,
    chatIdentity,
    proof,
    method,
    metadata,
    parameters,
  };
}

/** A host's own token as the journeys want it. @throws {InvalidRequest} */
export function parseHostToken(userId: string, token: HostTokenInput, at: In & { now: number }): HostToken {
  const { scopes = [] } = token;
  const tokenSet = parseTokens(token, at.now);
  const account = parseAccount(token.account) ?? defaultAccount;
  const place = { owner: parseOwner(userId, at.tenant), provider: parseProviderId(token.provider), account };
  return { place, tokenSet, requestedScope: scopes };
}

function parseTokens(token: HostTokenInput, now: number): TokenSet {
  const { accessToken, refreshToken, expiresAt, scopes: scope = [], tokenType = 'Bearer' } = token;
  // Hosts count in seconds, and what they divide by a thousand has fractions.
  const endsAt = expiresAt || Number.isNaN(expiresAt) ? { expiresAt: Math.floor(Number(expiresAt) * 1_000) } : {};
  const parsed = tokenSetSchema.safeParse({ accessToken, tokenType, refreshToken, obtainedAt: now, scope, ...endsAt });
  if (parsed.success) return parsed.data;
  const [{ path, message } = { path: [], message: 'is not valid' }] = parsed.error.issues;
  throw new InvalidRequest(path.join('.') || 'token', message);
}

/** The tenant alone, where no user is named. */
export function parseTenant(options: In): TenantId {
  return parseTenantName(options.tenant);
}
