/** A token in exchange for the caller's (source `token_exchange`): RFC 8693, or on behalf of a user at Microsoft. */

import { createHash } from 'node:crypto';
import { Forbidden, GrantRefused, InvalidRequest } from '../../core/errors.js';
import type { Provider } from '../../core/provider.js';
import type { Scope } from '../../core/scope.js';
import type { Secret } from '../../core/secret.js';
import type { ExchangeSettings, SourceRequest, TokenSource } from '../../core/token-source.js';
import { exchangeToken } from '../../protocol/token-exchange.js';
import type { FreshToken, KeptTokens } from './kept-tokens.js';
import { asFreshToken, type SourceRoom } from './source-room.js';
import { delegationOf, endOf, refusalOf } from './subject-token.js';

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
      const token = await desk.kept.get(key, { minTtlMs, rejectedTokenSha256 }, () => send(desk, exchange));
      return { ...token, delegation: delegationOf(desk.provider, exchange.subjectToken, token.accessToken) };
    },
  };
}

function isExchangeable({ room, provider, settings }: ExchangeDesk, subjectToken: Secret | undefined): boolean {
  if (subjectToken === undefined || refusalOf(provider, settings, subjectToken) !== undefined) return false;
  return room.now() < (endOf(subjectToken) ?? Number.POSITIVE_INFINITY);
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
  const refusal = refusalOf(provider, settings, subjectToken);
  if (refusal !== undefined) throw new Forbidden(refusal);
  const scope = request.scope.length > 0 ? request.scope : provider.defaultScope;
  return { subjectToken, scope, resource: provider.resource };
}

async function send({ room, provider, settings }: ExchangeDesk, exchange: Exchange): Promise<FreshToken> {
  const { cacheSize: _, subjectIssuers: __, actor: ___, ...form } = settings;
  try {
    const tokenSet = await exchangeToken(provider, { ...form, ...exchange }, room.http);
    return endedWithSubject(asFreshToken(tokenSet), exchange.subjectToken, room.now());
  } catch (error) {
    if (!(error instanceof GrantRefused)) throw error;
    throw new InvalidRequest('subject_token', `was refused by ${provider.id} (${error.oauthError})`);
  }
}

/** Nothing that was got for a token outlives it. */
function endedWithSubject(token: FreshToken, subjectToken: Secret, now: number): FreshToken {
  const endsAt = endOf(subjectToken);
  if (endsAt === undefined) return token;
  return {
    ...token,
    expiresAt: Math.min(token.expiresAt ?? endsAt, endsAt),
    lifetimeMs: Math.min(token.lifetimeMs ?? Number.POSITIVE_INFINITY, endsAt - now),
  };
}
