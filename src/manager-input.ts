/** What callers of the manager pass in, and how it is parsed for the journeys. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ChatIdentity, chatIdentitySchema } from './core/connect.js';
import { type ProofMode, proofModeSchema } from './core/connection.js';
import { InvalidRequest } from './core/errors.js';
import { type Owner, type ProviderId, providerIdSchema, type TenantId } from './core/identifiers.js';
import {
  parseAccount,
  parseInput,
  parseOwner,
  parseProviderId,
  parseScopes,
  parseTenant as parseTenantName,
  parseText,
} from './core/parse-input.js';
import { Secret } from './core/secret.js';
import type { ConnectRequest } from './flows/connect-link.js';
import type { TokenRequest } from './flows/token-request.js';
import { parseTokenUser, type TokenUser } from './flows/usage-ledger.js';

/** The tenant of the user; `default` if there is only one. */
export interface In {
  readonly tenant?: string | undefined;
}

/** Which of several accounts: its label, or its id or e-mail at the provider; absent = the default, or the only one. */
export interface InAccount extends In {
  readonly account?: string | undefined;
}

/** Which token is wanted. */
export interface TokenOptions extends InAccount {
  /** What must have been granted; absent = whatever was. */
  readonly scopes?: readonly string[] | undefined;
  /** How long the token must still live. If even new ones do not live that long, one that is at most a minute old will do. */
  readonly minTtlSeconds?: number | undefined;
  /** Who uses the token, shown to the person; noted only if it is given. */
  readonly usedBy?: TokenUser | undefined;
  /** Only for providers that exchange tokens (source `token_exchange`). */
  readonly subjectToken?: string | Secret | undefined;
}

/** The access token that the provider refused, as it was handed out, or the hex SHA-256 of it. */
export type RefreshOptions = TokenOptions &
  (
    | { readonly rejectedToken: string | Secret; readonly rejectedTokenSha256?: undefined }
    | { readonly rejectedTokenSha256: string; readonly rejectedToken?: undefined }
  );

/** The parts of a request that decide whether there is a token. */
export type HasTokenOptions = Pick<TokenOptions, 'tenant' | 'account' | 'subjectToken'>;

/** What to exchange. `resource` must be the configured one, if it is given. */
export interface ExchangeOptions extends In {
  readonly subjectToken: string | Secret;
  readonly scopes?: readonly string[] | undefined;
  readonly resource?: string | undefined;
}

/** What a connect link is made for. */
export interface ConnectOptions extends In {
  /** What to ask for; absent = the provider's default. */
  readonly scopes?: readonly string[] | undefined;
  /** The label to connect under, `default` by default. */
  readonly account?: string | undefined;
  /** Where the last page leads: a path of this service, or a URL at one of `returnToOrigins`. */
  readonly returnTo?: string | undefined;
  /** Whom the landing page names as asking. */
  readonly chatIdentity?: ChatIdentity | undefined;
  /** Instead of `connectProof` of the manager. */
  readonly proof?: ProofMode | undefined;
  /** `device`: the person types a code on another device (RFC 8628). */
  readonly method?: 'browser' | 'device' | undefined;
  /** Comes back with the connect and with the event of its end; never a secret. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** What the provider needs to know: shop, subdomain, … */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** The providers for which a code may prove something; absent = all. */
export interface ProofOptions extends In {
  readonly providers?: readonly string[] | undefined;
}

const digestSchema = z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits');
const ttlSchema = z.number('must be a number').nonnegative('must not be negative');

/** Texts by name. */
export const textsSchema = z.record(z.string(), z.string()).optional();

/**
 * A user of the tenant that the options name.
 *
 * @throws {InvalidRequest} also when the options are of another type: ignoring them could disconnect or erase another
 *   account or tenant than the caller means
 */
export function parseOwnerIn(userId: string, options: In): Owner {
  return parseOwner(userId, requireObject('options', options).tenant);
}

/** JavaScript may pass what the types do not allow. @throws {InvalidRequest} */
export function requireObject<T extends object>(field: string, given: T): T {
  if (typeof given === 'object' && given !== null) return given;
  throw new InvalidRequest(field, 'must be an object');
}

/** A request for a token, or only for the connection that it names. */
export function parseTokenRequest(userId: string, provider: string, options: TokenOptions): TokenRequest {
  return {
    owner: parseOwnerIn(userId, options),
    provider: parseProviderId(provider),
    account: parseAccount(options.account),
    scope: parseScopes(options.scopes),
    minTtlMs:
      options.minTtlSeconds === undefined ? undefined : 1_000 * parseInput(ttlSchema, 'min_ttl', options.minTtlSeconds),
    subjectToken: parseSubjectToken(options.subjectToken),
    usedBy: options.usedBy && parseTokenUser(options.usedBy),
  };
}

/** A `Secret` wrapped once more would be sent as the text that hides it. */
function parseSubjectToken(given: string | Secret | undefined): Secret | undefined {
  return given === undefined || given instanceof Secret ? given : new Secret(parseText('subject_token', given));
}

/** An exchange names no user: whose token it is follows from the subject token. */
export function parseExchange(provider: string, options: ExchangeOptions): TokenRequest {
  const { subjectToken, scopes, resource, tenant } = requireObject('options', options);
  return { ...parseTokenRequest('exchange', provider, { subjectToken, scopes, tenant }), resource };
}

/** A request for a connect link. */
export function parseConnectRequest(userId: string, provider: string, options: ConnectOptions): ConnectRequest {
  const { returnTo, chatIdentity, proof, method, metadata, parameters } = requireObject('options', options);
  return {
    owner: parseOwnerIn(userId, options),
    provider: parseProviderId(provider),
    account: parseAccount(options.account),
    scope: parseScopes(options.scopes),
    returnTo: parseInput(z.string().optional(), 'return_to', returnTo),
    chatIdentity: parseInput(chatIdentitySchema.optional(), 'chat_identity', chatIdentity),
    proof: parseInput(proofModeSchema.optional(), 'proof', proof),
    method: parseInput(z.enum(['browser', 'device']).optional(), 'method', method),
    metadata: parseInput(textsSchema, 'metadata', metadata),
    parameters: parseInput(textsSchema, 'parameters', parameters),
  };
}

/** A request for one refresh. @throws {InvalidRequest} */
export function parseRefreshRequest(userId: string, provider: string, options: RefreshOptions): TokenRequest {
  const request = parseTokenRequest(userId, provider, options);
  const { rejectedToken, rejectedTokenSha256 } = options;
  if (rejectedToken === undefined) return { ...request, rejectedTokenSha256: parseRejectedDigest(rejectedTokenSha256) };
  const text = rejectedToken instanceof Secret ? rejectedToken.reveal() : parseText('rejected_token', rejectedToken);
  return { ...request, rejectedTokenSha256: createHash('sha256').update(text).digest('hex') };
}

/** Lower-case hex SHA-256 of the access token that was refused. @throws {InvalidRequest} */
export function parseRejectedDigest(digest: string): string {
  return parseInput(digestSchema, 'rejected_token_sha256', digest).toLowerCase();
}

/** The tenant alone, if no user is named. */
export function parseTenant(options: In): TenantId {
  return parseTenantName(requireObject('options', options).tenant);
}

/** The providers for which a code may prove something. */
export function parseProviders(providers: ProofOptions['providers']): readonly ProviderId[] | undefined {
  return parseInput(z.array(z.unknown(), 'must be a list').optional(), 'providers', providers)?.map((id) =>
    parseInput(providerIdSchema, 'provider', id),
  );
}
