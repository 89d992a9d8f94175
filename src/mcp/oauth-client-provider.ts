/** The adapter for `OAuthClientProvider`, the interface of both lines of the MCP SDK, backed by the manager. */

import { ProviderUnavailable } from '../core/errors.js';
import type { AccessToken } from '../core/views.js';
import { digestOf, type McpContext, readContext } from './context.js';

/** Has the shape of the SDK's `OAuthClientProvider`, without importing it. */
export interface ManagedClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: { redirect_uris: string[]; client_name: string };
  tokens(): Promise<{ access_token: string; token_type: string } | undefined>;
  /** The first thing that the SDK's own flow asks for; the manager does the work here, so that the flow ends. */
  discoveryState(): Promise<never>;
  clientInformation(): undefined;
  saveTokens(): never;
  redirectToAuthorization(): never;
  saveCodeVerifier(): never;
  codeVerifier(): never;
}

/**
 * An `authProvider` for programs that are written for `OAuthClientProvider`. Tokens come from the manager and are
 * fresh; on 401 the manager discovers, registers and refreshes, and the SDK's own flow makes no request.
 *
 * @returns an object whose use rejects with `OAuthNotConnected` when the person has to act, and with
 *   `ProviderUnavailable` when the token was renewed and the call is to be repeated
 */
export function createOAuthClientProvider(context: McpContext, serverUrl: string | URL): ManagedClientProvider {
  const server = String(serverUrl);
  let sent: AccessToken | undefined;
  return {
    // Never used: the browser half is the manager's.
    redirectUrl: 'https://valetkey.invalid/callback',
    clientMetadata: { redirect_uris: ['https://valetkey.invalid/callback'], client_name: 'Valetkey' },
    async tokens() {
      const { journeys, userId, options } = readContext(context);
      sent = await journeys.findToken(userId, server, options);
      return sent && { access_token: sent.accessToken.reveal(), token_type: sent.tokenType };
    },
    async discoveryState() {
      const { journeys, userId, options } = readContext(context);
      const rejected = sent && { rejectedTokenSha256: digestOf(sent) };
      const { provider } = await journeys.requireToken(userId, server, { ...options, ...rejected });
      throw new ProviderUnavailable('The token was renewed; repeat the call.', {
        provider,
        reached: 'no',
        retryAfterMs: 0,
      });
    },
    clientInformation: () => undefined,
    saveTokens: refuse,
    redirectToAuthorization: refuse,
    saveCodeVerifier: refuse,
    codeVerifier: refuse,
  };
}

function refuse(): never {
  throw new TypeError('the manager keeps tokens and talks to authorization servers');
}
