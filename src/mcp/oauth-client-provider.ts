/** The adapter for `OAuthClientProvider`, the interface of both lines of the MCP SDK, backed by the manager. */

import { ProviderUnavailable } from '../core/errors.js';
import { formatScope, isScopeToken, missingScope } from '../core/scope.js';
import type { AccessToken } from '../core/views.js';
import { digestOf, type McpContext, readContext } from './context.js';

/** Has the shape of the SDK's `OAuthClientProvider`, without importing it. */
export interface ManagedClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: { redirect_uris: string[]; client_name: string };
  tokens(): Promise<{ access_token: string; token_type: string; scope: string; issuer: string } | undefined>;
  /** An authorization server that does not exist, so that the SDK's own flow makes no request before its last step. */
  discoveryState(): typeof nowhereState & { resourceMetadata: { resource: string } };
  clientInformation(): { client_id: string };
  saveTokens(): never;
  saveCodeVerifier(): void;
  codeVerifier(): never;
  /** The last step of the SDK's own flow, and the first that knows the scope; here the manager does the work. */
  redirectToAuthorization(authorizationUrl: URL): Promise<void>;
}

/** A name that is never resolved (RFC 2606), so a request of the SDK to it goes nowhere. */
const nowhere = 'https://valetkey.invalid';
const redirectUrl = `${nowhere}/callback`;
const nowhereState = {
  authorizationServerUrl: nowhere,
  authorizationServerMetadata: {
    issuer: nowhere,
    authorization_endpoint: `${nowhere}/authorize`,
    token_endpoint: `${nowhere}/token`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  },
};

/**
 * An `authProvider` for programs that are written for `OAuthClientProvider`. Tokens come fresh from the manager. On 401 the
 * manager discovers, registers and refreshes; on 403 with `insufficient_scope` the person is asked for more. The SDK's own
 * flow makes no request.
 *
 * The interface passes on the scope of a challenge, but neither its status nor its `resource_metadata`: so a scope that the
 * refused token lacks is taken to be the reason, and metadata is looked for at the well-known places.
 *
 * @returns an object whose use rejects with `OAuthNotConnected` when the person has to act, and with
 *   `ProviderUnavailable` when there is a new token and the call is to be repeated. If asking the person (again)
 *   would not help, the SDK ends with its `UnauthorizedError`
 */
export function createOAuthClientProvider(context: McpContext, serverUrl: string | URL): ManagedClientProvider {
  const server = String(serverUrl);
  let sent: AccessToken | undefined;
  let refused: AccessToken | undefined;
  return {
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl], client_name: 'Valetkey' },
    async tokens() {
      const { journeys, userId, options } = readContext(context);
      sent = await journeys.findToken(userId, server, options);
      if (sent === undefined) return undefined;
      const { accessToken, tokenType, scope } = sent;
      return { access_token: accessToken.reveal(), token_type: tokenType, scope: formatScope(scope), issuer: nowhere };
    },
    discoveryState: () => ({ ...nowhereState, resourceMetadata: { resource: server } }),
    clientInformation() {
      // Read before the flow asks for tokens, as that may bring another token than the refused one.
      refused = sent;
      return { client_id: 'valetkey' };
    },
    saveTokens: refuse,
    saveCodeVerifier: () => undefined,
    codeVerifier: refuse,
    async redirectToAuthorization(authorizationUrl) {
      const wanted = authorizationUrl.searchParams.get('scope')?.split(' ').filter(isScopeToken) ?? [];
      const found = await anotherToken(context, server, { refused, wanted });
      if (found === undefined) return;
      throw new ProviderUnavailable('The token was renewed; repeat the call.', {
        provider: found.provider,
        reached: 'no',
        retryAfterMs: 0,
      });
    },
  };
}

/** A token other than the refused one; `undefined` when asking the person for more would not help. */
function anotherToken(
  context: McpContext,
  server: string,
  { refused, wanted }: { readonly refused: AccessToken | undefined; readonly wanted: readonly string[] },
): Promise<AccessToken | undefined> {
  const { journeys, userId, options } = readContext(context);
  const answer = { ...options, ...(refused && { rejectedTokenSha256: digestOf(refused) }) };
  const missing = refused === undefined ? wanted : missingScope(refused.scope, wanted);
  const scope = missing.length === 0 ? '' : ` scope="${formatScope(missing)}"`;
  if (refused === undefined || missing.length === 0) {
    return journeys.requireToken(userId, server, { ...answer, wwwAuthenticate: `Bearer${scope}` });
  }
  return journeys.stepUp(userId, server, { ...answer, wwwAuthenticate: `Bearer error="insufficient_scope",${scope}` });
}

function refuse(): never {
  throw new TypeError('the manager keeps tokens and talks to authorization servers');
}
