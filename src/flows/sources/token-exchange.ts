/** A token in exchange for the caller's (source `token_exchange`): RFC 8693, or on behalf of a user at Microsoft. */

import { createHash } from 'node:crypto';
import { Forbidden, GrantRefused, InvalidRequest } from '../../core/errors.js';
import type { Provider } from '../../core/provider.js';
import type { Scope } from '../../core/scope.js';
import type { Secret } from '../../core/secret.js';
import type { ExchangeSettings, SourceRequest, TokenSource } from '../../core/token-source.js';
import { readJwtClaims } from '../../protocol/dialects.js';
import { exchangeToken } from '../../protocol/token-exchange.js';
import type { FreshToken, KeptTokens } from './kept-tokens.js';
import { asFreshToken, type SourceRoom } from './source-room.js';

/** One exchange as it is sent. */
interface Exchange {
  readonly subjectToken: Secret;
  readonly scope: Scope;
  readonly resource: string | undefined;
}

/** What an exchange needs beside its request. */
export interface ExchangeDesk {
  readonly room: SourceRoom;
  readonly provider: Provider;
  readonly settings: ExchangeSettings;
  readonly kept: KeptTokens;
}

/**
 * Exchanges, or gives what was got for the same subject token, scope and target. Callers of one subject share one
 * request; subjects do not wait for each other.
 */
export function tokenExchange(desk: ExchangeDesk): TokenSource {
  return {
    requiresSubjectToken: true,
    has: async ({ subjectToken }) => isExchangeable(desk, subjectToken),
    resolve: async (request) => {
      const exchange = checkedExchange(desk, request);
      const { minTtlMs, rejectedTokenSha256 } = request;
      const key = exchangeKeyOf(desk.provider.id, exchange);
      return desk.kept.get(key, { minTtlMs, rejectedTokenSha256 }, () => send(desk, exchange));
    },
  };
}

/** By what the token says of itself; whether it is genuine is the authorization server's to say. */
function isExchangeable({ room, settings }: ExchangeDesk, subjectToken: Secret | undefined): boolean {
  if (subjectToken === undefined || !isTrusted(settings, subjectToken)) return false;
  const end = readJwtClaims(subjectToken.reveal())?.exp;
  return typeof end !== 'number' || room.now() < end * 1000;
}

/** Whether its issuer is one of those that are configured, if any are. */
function isTrusted({ subjectIssuers }: ExchangeSettings, subjectToken: Secret): boolean {
  if (subjectIssuers === undefined) return true;
  const issuer = readJwtClaims(subjectToken.reveal())?.iss;
  return subjectIssuers.some((trusted) => trusted === issuer);
}

/** Names an exchange in memory without holding the subject token. Parts are length-prefixed, so that none can pose as two. */
export function exchangeKeyOf(source: string, { subjectToken, scope, resource }: Exchange): string {
  const parts = [subjectToken.reveal(), source, [...scope].sort().join(' '), resource ?? ''];
  const framed = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return createHash('sha256').update(framed).digest('base64url');
}

/** Whose token may be exchanged for what: the configuration says, a caller can only narrow it. */
function checkedExchange({ provider, settings }: ExchangeDesk, request: SourceRequest): Exchange {
  const { subjectToken, resource } = request;
  if (subjectToken === undefined) throw new InvalidRequest('subject_token', 'is required');
  if (resource !== undefined && resource !== provider.resource) {
    throw new InvalidRequest('resource', 'is not the one that is configured');
  }
  if (!isTrusted(settings, subjectToken)) {
    throw new Forbidden('The subject token is of an issuer that is not trusted here.');
  }
  const scope = request.scope.length > 0 ? request.scope : provider.defaultScope;
  return { subjectToken, scope, resource: provider.resource };
}

async function send({ room, provider, settings }: ExchangeDesk, exchange: Exchange): Promise<FreshToken> {
  const { cacheSize: _, subjectIssuers: __, ...form } = settings;
  try {
    const { tokenSet } = await exchangeToken(provider, { ...form, ...exchange }, room.http);
    return endedWithSubject(asFreshToken(tokenSet), exchange.subjectToken, room.now());
  } catch (error) {
    if (!(error instanceof GrantRefused)) throw error;
    throw new InvalidRequest('subject_token', `was refused by ${provider.id} (${error.oauthError})`);
  }
}

/** Nothing that was got for a token outlives it. Whether the token is genuine is the authorization server's to say. */
function endedWithSubject(token: FreshToken, subjectToken: Secret, now: number): FreshToken {
  const end = readJwtClaims(subjectToken.reveal())?.exp;
  if (typeof end !== 'number' || !Number.isFinite(end)) return token;
  const endsAt = Math.floor(end * 1000);
  return {
    ...token,
    expiresAt: Math.min(token.expiresAt ?? endsAt, endsAt),
    lifetimeMs: Math.min(token.lifetimeMs ?? Number.POSITIVE_INFINITY, endsAt - now),
  };
}
