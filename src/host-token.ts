/** A token that the host got by itself, in whichever of the usual forms it has it. */

import { tokenSetSchema } from './core/connection.js';
import { InvalidRequest } from './core/errors.js';
import { defaultAccount } from './core/identifiers.js';
import { parseAccount, parseInput, parseProviderId, parseScopes } from './core/parse-input.js';
import { parseScope } from './core/scope.js';
import { Secret } from './core/secret.js';
import type { TokenSet } from './core/token-set.js';
import type { HostToken } from './flows/store-token.js';
import { type In, parseOwnerIn, requireObject, textsSchema } from './manager-input.js';

/** Whose token it is, beside the user. */
interface HostTokenPlace {
  readonly provider: string;
  readonly account?: string | undefined;
  /** The shop or host that the token is for, if each customer has one. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** What was granted. */
  readonly scopes?: readonly string[] | undefined;
  /** The same, as a token set names it, or as text like in a provider's answer. */
  readonly scope?: string | readonly string[] | undefined;
}

/**
 * A token that the host got by itself; the result of `exchangeCode` may be spread into it. `expiresAt` is in epoch seconds,
 * or in ms as there: the size of the number tells which. `expiresIn` is in seconds from now. Both absent, null or 0 = does
 * not expire.
 */
export interface HostTokenInput extends HostTokenPlace {
  readonly accessToken: string | Secret;
  readonly refreshToken?: string | Secret | null | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly expiresIn?: number | null | undefined;
  /** `Bearer` by default. */
  readonly tokenType?: string | undefined;
}

/** The same as the provider answered it (RFC 6749 section 5.1), or as it was kept from there. */
export interface HostTokenAnswer extends HostTokenPlace {
  readonly access_token: string | Secret;
  readonly refresh_token?: string | Secret | null | undefined;
  readonly expires_at?: number | string | null | undefined;
  readonly expires_in?: number | string | null | undefined;
  readonly token_type?: string | undefined;
}

/** Where in time something is, and what time it is. */
interface At {
  readonly options: In;
  readonly now: number;
}

/** As seconds this is the year 5138, as ms it was 1973. */
const leastEpochMs = 100_000_000_000;

/** A host's own token in the form that the journeys use. @throws {InvalidRequest} */
export function parseHostToken(
  userId: string,
  token: HostTokenInput | HostTokenAnswer,
  { options, now }: At,
): HostToken {
  const tokenSet = parseTokens(requireObject('token', token), now);
  const account = parseAccount(token.account) ?? defaultAccount;
  const place = { owner: parseOwnerIn(userId, options), provider: parseProviderId(token.provider), account };
  const parameters = parseInput(textsSchema, 'parameters', token.parameters);
  return { place, tokenSet, requestedScope: tokenSet.scope, parameters };
}

function parseTokens(given: Partial<HostTokenInput & HostTokenAnswer>, now: number): TokenSet {
  // Records of a token have an empty text where there was no refresh token.
  const { accessToken = given.access_token, refreshToken = given.refresh_token || undefined } = given;
  const { tokenType = given.token_type ?? 'Bearer', scopes = scopeOf(given) } = given;
  const parsed = tokenSetSchema.safeParse({
    accessToken: textOf(accessToken),
    tokenType,
    refreshToken: textOf(refreshToken ?? undefined),
    obtainedAt: now,
    scope: parseScopes(scopes),
    expiresAt: endOf(given, now),
  });
  if (parsed.success) return parsed.data;
  const [{ path, message } = { path: [], message: 'is not valid' }] = parsed.error.issues;
  throw new InvalidRequest(path.join('.') || 'token', message);
}

const textOf = (token: string | Secret | null | undefined) => (token instanceof Secret ? token.reveal() : token);

function scopeOf({ scope = [] }: Pick<HostTokenPlace, 'scope'>): readonly string[] {
  return typeof scope === 'string' ? parseScope(scope) : scope;
}

/** Epoch ms from what may be epoch seconds; hosts that divide by a thousand pass fractions. */
function endOf(given: Partial<HostTokenInput & HostTokenAnswer>, now: number): number | undefined {
  const at = numberIn('expiresAt', given.expiresAt ?? given.expires_at);
  if (at > 0) return Math.floor(at < leastEpochMs ? at * 1_000 : at);
  const seconds = numberIn('expiresIn', given.expiresIn ?? given.expires_in);
  return seconds > 0 ? now + Math.floor(seconds * 1_000) : undefined;
}

/** Some providers, and some tables, have their numbers as text. */
function numberIn(field: string, time: unknown = 0): number {
  const number = typeof time === 'string' && /^\d+$/.test(time) ? Number(time) : (time ?? 0);
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
  throw new InvalidRequest(field, 'must be a number, not negative');
}
