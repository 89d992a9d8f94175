/** The one place where a provider's odd answers are made standard before they are read (RFC 6749 5.1 and 5.2). */

import { isJsonObject } from '../core/json-paths.js';
import type { JsonObject, Provider } from '../core/provider.js';
import type { AnswerHeaders } from './answer-headers.js';
import type { Answer } from './http.js';

/** What a token endpoint said, in the words of RFC 6749. */
export interface StandardAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** The answer as the provider wrote it, made standard only as to `standardize`; `undefined` when it is no object. */
  readonly body: JsonObject | undefined;
  /** Only the fields of a token response, made standard; `undefined` when the answer is not one. */
  readonly tokenResponse: JsonObject | undefined;
  /** Lifetime of the access token: seconds from now, or what was wrong with it. */
  readonly lifetime: Lifetime;
}

/** A lifetime as it was told: in seconds, not at all, or in a way that cannot be used. */
export type Lifetime =
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed' };

/** No token lives longer than 100 years; larger figures are providers' ways of saying "for ever". */
const longestSeconds = 100 * 365 * 86_400;

/** Reads an answer of the token endpoint and puts it into the words of RFC 6749. Never throws for what it holds. */
export function readTokenAnswer(provider: Provider, { status, headers, text }: Answer): StandardAnswer {
  const parsed = parseBody(text, headers.get('content-type') ?? '');
  const body = parsed && (provider.standardize?.(parsed, status) ?? parsed);
  const succeeded = body !== undefined && isTokenResponse(body, status);
  return {
    status,
    headers,
    body,
    tokenResponse: succeeded ? standardTokenResponse(body) : undefined,
    lifetime: succeeded ? readLifetime(provider, body) : { kind: 'absent' },
  };
}

/** A JSON object, or a form: GitHub and others answer in the form they were asked in. `undefined` for HTML and the like. */
export function parseBody(text: string, contentType: string): JsonObject | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) {
    try {
      const value: unknown = JSON.parse(trimmed);
      return isJsonObject(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }
  const isForm = contentType.toLowerCase().startsWith('application/x-www-form-urlencoded');
  return isForm || /^(access_token|error)=/.test(trimmed)
    ? Object.fromEntries(new URLSearchParams(trimmed))
    : undefined;
}

// An error object with status 200 is an error (GitHub, Slack); 201 for a token response is seen too.
function isTokenResponse(body: JsonObject, status: number): boolean {
  if (status !== 200 && status !== 201) return false;
  return typeof body.access_token === 'string' || typeof body.error !== 'string' || body.error === '';
}

/** Only what is read later, so that an ID token that nobody asked for cannot spoil the grant. */
function standardTokenResponse(body: JsonObject): JsonObject {
  const { access_token, refresh_token } = body;
  return {
    access_token: isVisible(access_token) ? access_token : undefined,
    token_type: standardTokenType(body.token_type),
    refresh_token: typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : undefined,
    scope: standardScope(body.scope ?? body.scopes),
  };
}

/** Callers put it into a header: a line break in it would begin another one (RFC 6749 appendix A.12). */
function isVisible(token: unknown): boolean {
  return typeof token === 'string' && /^[\x20-\x7e]+$/.test(token);
}

// Slack says `bot` and `user`, some say nothing: all of them mean a bearer token (RFC 6750).
function standardTokenType(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return 'bearer';
  const isOddName = typeof value === 'string' && ['bot', 'user'].includes(value.toLowerCase());
  return isOddName ? 'bearer' : value;
}

function standardScope(value: unknown): string | undefined {
  const tokens = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[\s,]+/) : [];
  const named = tokens.filter((token) => typeof token === 'string' && token !== '');
  return named.length > 0 ? named.join(' ') : undefined;
}

function readLifetime(provider: Provider, body: JsonObject): Lifetime {
  if (body.expires_in !== undefined) return parseSeconds(body.expires_in);
  return (provider.tokensExpire ? lifetimeOfJwt(body.access_token) : undefined) ?? { kind: 'absent' };
}

/** Seconds as number or numeric text; anything else, and what is not positive, is malformed. */
export function parseSeconds(value: unknown): Lifetime {
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  const seconds = isNumeric ? Number(value) : Number.NaN;
  if (!Number.isFinite(seconds) || seconds <= 0) return { kind: 'malformed' };
  return { kind: 'seconds', seconds: Math.min(seconds, longestSeconds) };
}

// monday.com tells the end of a token only inside it. By `iat`, so that its clock and ours need not agree.
function lifetimeOfJwt(accessToken: unknown): Lifetime | undefined {
  const claims = typeof accessToken === 'string' ? readJwtClaims(accessToken) : undefined;
  if (typeof claims?.exp !== 'number' || typeof claims.iat !== 'number') return undefined;
  return parseSeconds(claims.exp - claims.iat);
}

/**
 * The claims of a JWT, not verified. What came straight from the token endpoint over TLS may be believed (OpenID Connect
 * Core 3.1.3.7, 6). What a caller sent may be used against the caller only: it never gives anybody access.
 */
export function readJwtClaims(jwt: string): JsonObject | undefined {
  const payload = jwt.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return isJsonObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** How long the refresh token lives, in seconds, under any of the names that are used for it. */
export function readRefreshLifetime(body: JsonObject | undefined): number | undefined {
  const value =
    body?.refresh_token_expires_in ?? body?.x_refresh_token_expires_in ?? body?.refresh_expires_in ?? undefined;
  const lifetime = parseSeconds(value);
  return lifetime.kind === 'seconds' ? lifetime.seconds : undefined;
}
