/** The guard that tool handlers call: a token, or an error that carries the connect link. */

import { getOAuthManager } from './init-oauth-manager.js';
import { requireObject, type TokenOptions } from './manager-input.js';

export { OAuthNotConnected } from './core/errors.js';

/** On whose behalf a tool handler works, and what the token must allow. */
export interface TokenContext extends TokenOptions {
  readonly userId: string;
}

/**
 * Gets the user's access token from the process-wide manager, refreshed if needed.
 *
 * @returns the bare access token, to be sent as `Authorization: Bearer`
 * @throws {OAuthNotConnected} the person has to open `connectUrl` first; `reason` says why
 * @throws {StoreUnavailable | ProviderUnavailable} try again later; nothing was lost
 * @throws {ManagerLifecycleError} `initOAuthManager` was not called
 */
export async function requireOAuthToken(context: TokenContext, provider: string): Promise<string> {
  const { userId } = requireObject('context', context);
  // The context itself: a copy of it would lack what a class gives by getters, such as the tenant.
  const token = await getOAuthManager().requireToken(userId, provider, context);
  return token.accessToken.reveal();
}
