/** Tokens of our own client, for nobody's account (source `client_credentials`). */

import type { Provider } from '../../core/provider.js';
import type { TokenSource } from '../../core/token-source.js';
import { requestClientCredentials } from '../../protocol/client-credentials.js';
import type { KeptTokens } from './kept-tokens.js';
import { asFreshToken, type SourceRoom } from './source-room.js';

/** One token per scope, kept until shortly before its end. */
export function clientCredentials(room: SourceRoom, provider: Provider, kept: KeptTokens): TokenSource {
  return {
    requiresSubjectToken: false,
    resolve: ({ scope: wanted, minTtlMs, rejectedTokenSha256 }) => {
      const scope = wanted.length > 0 ? wanted : provider.defaultScope;
      return kept.get([...scope].sort().join(' '), { minTtlMs, rejectedTokenSha256 }, async () =>
        asFreshToken(await requestClientCredentials(provider, { scope }, room.http)),
      );
    },
  };
}
