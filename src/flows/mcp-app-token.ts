/** Tokens of our own for a server that is configured so: client credentials, one token for all (RFC 6749 4.4). */

import { sharedConnectionId } from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import { isLive, type TokenSet } from '../core/token-set.js';
import type { AccessToken } from '../core/views.js';
import { requestClientCredentials } from '../protocol/client-credentials.js';
import type { Dependencies } from './dependencies.js';
import type { ServerInView } from './discover-provider.js';
import { isRejected } from './rejected-token.js';

/** Such tokens cost one request: they are renewed early, so that none ends on its way. */
const earlyMs = 30_000;

/**
 * A token of our own client, kept in this process until shortly before it ends.
 *
 * @param rejected hex SHA-256 of a token that the server refused
 * @throws {ProviderError | ProviderUnavailable | GrantRefused} as the token endpoint answers
 */
export async function getAppToken(
  deps: Dependencies,
  { room }: ServerInView,
  provider: Provider,
  rejected?: string,
): Promise<AccessToken> {
  const present = room.appTokens.get(provider.id);
  const isGood = present !== undefined && isLive(present, deps.now() + earlyMs);
  if (isGood && !isRejected(present.accessToken, rejected)) return handOut(provider, present);
  const { defaultScope, unlistedScope } = provider;
  // There is no refresh token to be had by this grant.
  const scope = defaultScope.filter((token) => !unlistedScope.includes(token));
  const tokenSet = await requestClientCredentials(provider, { scope }, room.guarded);
  room.appTokens.set(provider.id, tokenSet);
  return handOut(provider, tokenSet);
}

function handOut(provider: Provider, { accessToken, tokenType, expiresAt, scope }: TokenSet): AccessToken {
  return { accessToken, tokenType, expiresAt, scope, provider: provider.id, connectionId: sharedConnectionId };
}
