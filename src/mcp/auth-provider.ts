/** The smaller adapter for `@modelcontextprotocol/client`: its `AuthProvider` interface, backed by the manager. */

import type { AccessToken } from '../core/views.js';
import { digestOf, type McpContext, readContext } from './context.js';

/** Has the shape of the SDK's `AuthProvider`, without importing it. */
export interface ManagedAuthProvider {
  token(): Promise<string | undefined>;
  onUnauthorized(context: { readonly response: Response }): Promise<void>;
}

/**
 * An `authProvider` for the SDK's transports. `createMcpFetch` does more (step-up, guarded requests); this one is for a
 * transport whose `fetch` is already taken.
 *
 * @returns `onUnauthorized` rejects with `OAuthNotConnected` when the person has to act, and as `createMcpFetch` does
 */
export function createAuthProvider(context: McpContext, serverUrl: string | URL): ManagedAuthProvider {
  const server = String(serverUrl);
  let sent: AccessToken | undefined;
  return {
    async token() {
      const { journeys, userId, options } = readContext(context);
      sent = await journeys.findToken(userId, server, options);
      return sent?.accessToken.reveal();
    },
    async onUnauthorized({ response }) {
      const { journeys, userId, options } = readContext(context);
      await journeys.requireToken(userId, server, {
        ...options,
        wwwAuthenticate: response.headers.get('www-authenticate'),
        ...(sent && { rejectedTokenSha256: digestOf(sent) }),
      });
    },
  };
}
