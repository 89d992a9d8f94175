/** Revokes a connection's tokens at its provider, as far as that can be done. */

import type { Connection } from '../core/connection.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import { isLive, isRefreshable, mergeAfterRefresh, type TokenSet } from '../core/token-set.js';
import type { RevocationOutcome } from '../core/views.js';
import { revokeTokens } from '../protocol/revocation.js';
import { refreshTokens } from '../protocol/token-endpoint.js';
import { afterwards } from './afterwards.js';
import type { Dependencies } from './dependencies.js';
import { findProvider, httpOf } from './provider-of.js';
import { isTokenHeld } from './shared-token.js';

/** How long a disconnect waits for a token that it can revoke, ms. */
const renewalMs = 5_000;

/** What is revoked. */
type Revoked = Pick<Connection, 'provider' | 'tokenSet' | 'parameters'> & Partial<Pick<Connection, 'state'>>;

/**
 * Revokes tokens of a connection that is not stored any more. Never throws; takes a bounded time.
 *
 * @returns `no` when the provider did not confirm or is no longer configured, or when somebody else has the same token
 */
export async function revokeConnection(deps: Dependencies, connection: Revoked): Promise<RevocationOutcome> {
  let outcome: RevocationOutcome = 'no';
  await afterwards(deps, 'revocation', async () => {
    const provider = await findProvider(deps, connection.provider);
    if (provider === undefined || (await isTokenHeld(deps, connection))) return;
    const placed = withParameters(provider, connection.parameters);
    outcome = await revokeTokens(placed, await withLiveToken(deps, placed, connection), httpOf(deps, provider));
  });
  return outcome;
}

/**
 * Where a revocation takes access tokens only (GitHub, Dropbox), one that has ended is renewed for it: otherwise the grant
 * would live on. Nobody else sends this refresh token any more, and a new one is kept by nobody. Not where a chain may be
 * shared, since connections of it that are in no index would lose theirs.
 */
async function withLiveToken(deps: Dependencies, provider: Provider, revoked: Revoked): Promise<TokenSet> {
  const { tokenSet, state, parameters = {} } = revoked;
  const { sharedChain } = provider;
  const isShared = sharedChain !== undefined && parameters[sharedChain.unlessKept] === undefined;
  const isEnough = isShared || provider.revocation?.token !== 'access' || isLive(tokenSet, deps.now());
  if (isEnough || state?.kind !== 'active' || !isRefreshable(tokenSet, deps.now())) return tokenSet;
  try {
    const hurried = { ...provider, requestTimeoutMs: Math.min(renewalMs, provider.requestTimeoutMs ?? renewalMs) };
    return mergeAfterRefresh(tokenSet, await refreshTokens(hurried, tokenSet, httpOf(deps, provider)));
  } catch {
    // Then what is there is revoked; the provider says what it thinks of that.
    return tokenSet;
  }
}
