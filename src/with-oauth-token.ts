/** The guard that remembers: what a missing connection has interrupted can be resumed once the person is connected. */

import { OAuthNotConnected } from './core/errors.js';
import { getOAuthManager } from './init-oauth-manager.js';
import { requireObject } from './manager-input.js';
import type { TokenContext } from './require-oauth-token.js';

/**
 * Calls `handler` with the user's access token, refreshed if needed. If the person has to connect first, `resume` is kept
 * with the connect, sealed, and {@link OAuthManager.takePendingAction} answers it once afterwards, also in another process,
 * and after a restart.
 *
 * @param options.resume JSON of at most 8 KiB: what the program needs to repeat its work; absent = nothing is kept
 * @returns what the handler returns
 * @throws {OAuthNotConnected} the person has to open `connectUrl` first
 * @throws {InvalidRequest} `resume` is not JSON or too large; the handler was not called
 * @throws {StoreUnavailable | ProviderUnavailable} try again later; nothing was lost
 */
export async function withOAuthToken<T>(
  context: TokenContext,
  provider: string,
  handler: (accessToken: string) => Promise<T> | T,
  options: { readonly resume?: unknown } = {},
): Promise<T> {
  const { userId, tenant } = requireObject('context', context);
  const manager = getOAuthManager();
  const token = await manager.requireToken(userId, provider, context).catch(async (error: unknown) => {
    if (error instanceof OAuthNotConnected && options.resume !== undefined) {
      await manager.keepPendingAction(error.connectId, options.resume, { tenant });
    }
    throw error;
  });
  return handler(token.accessToken.reveal());
}
