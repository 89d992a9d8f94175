/** The source of an entry's tokens. */

import { Secret } from '../src/core/secret.js';
import type { SourceSettings } from '../src/core/token-source.js';
import type { ProviderEntry } from './entry.js';

/** How many exchanged tokens are kept in memory, by default. */
const defaultCacheSize = 1000;

/** The source; `undefined` = one grant per user. An empty secret counts as absent; the error comes when it is needed. */
export function sourceOf(entry: ProviderEntry): SourceSettings | undefined {
  switch (entry.source) {
    case 'refresh_token':
      return { kind: 'refresh_token', ...(entry.refresh_token && { refreshToken: new Secret(entry.refresh_token) }) };
    case 'static':
      return { kind: 'static', ...(entry.access_token && { accessToken: new Secret(entry.access_token) }) };
    case 'client_credentials':
      return { kind: 'client_credentials' };
    case 'token_exchange':
      return { kind: 'token_exchange', exchange: exchangeOf(entry) };
    default:
      return undefined;
  }
}

function exchangeOf(entry: ProviderEntry) {
  const { grant_type, subject_token_param, subject_token_type, requested_token_type, audience } = entry;
  const { subject_token_issuers, subject_token_actor } = entry;
  return {
    cacheSize: entry.exchange_cache_size ?? defaultCacheSize,
    ...(grant_type !== undefined && { grantType: grant_type }),
    ...(subject_token_param !== undefined && { subjectTokenParameter: subject_token_param }),
    ...(subject_token_type !== undefined && { subjectTokenType: subject_token_type }),
    ...(requested_token_type !== undefined && { requestedTokenType: requested_token_type }),
    ...(audience !== undefined && { audience }),
    ...(subject_token_issuers !== undefined && { subjectIssuers: subject_token_issuers }),
    ...(subject_token_actor !== undefined && { actor: subject_token_actor }),
  };
}
