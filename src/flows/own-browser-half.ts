/** For hosts with a browser half of their own: the bare authorization request and code redemption, nothing stored. */

import { UnknownProvider } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { Scope } from '../core/scope.js';
import { Secret } from '../core/secret.js';
import type { TokenSet } from '../core/token-set.js';
import { buildAuthorizationUrl } from '../protocol/authorization-request.js';
import { redeemAuthorizationCode } from '../protocol/token-endpoint.js';
import type { Dependencies } from './dependencies.js';
import { httpOf, requireProvider } from './provider-of.js';
import { redirectUriOf } from './redirect-uri.js';

/** What such a host may set; by default our redirect URI and the provider's default scope. */
export interface OwnBrowserHalf {
  readonly redirectUri?: string;
  readonly scopes?: Scope;
  /** The shop or host, where each customer has one. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * The authorization URL for a state and an S256 code challenge that the host keeps.
 *
 * @throws {UnknownProvider}
 * @throws {InvalidRequest} `parameters` that cannot be
 * @throws {TypeError} state or code challenge is missing
 */
export function authorizeUrlOf(
  deps: Dependencies,
  id: ProviderId,
  request: OwnBrowserHalf & { readonly state: string; readonly codeChallenge: string },
): string {
  const configured = deps.providers.find(id);
  if (configured === undefined) throw new UnknownProvider();
  const provider = withParameters(configured, request.parameters);
  if (!request.state) throw new TypeError('a state is needed');
  const { codeChallenge, redirectUri = redirectUriOf(deps, id), scopes: scope = provider.defaultScope } = request;
  return buildAuthorizationUrl(provider, { state: new Secret(request.state), codeChallenge, redirectUri, scope });
}

/**
 * Redeems an authorization code.
 *
 * @throws {TypeError} code or code verifier is missing
 * @throws {InvalidRequest} `parameters` that cannot be
 * @throws {UnknownProvider | GrantRefused | ProviderError | ProviderUnavailable}
 */
export async function redeemCode(
  deps: Dependencies,
  id: ProviderId,
  request: OwnBrowserHalf & { readonly code: string; readonly codeVerifier: string },
): Promise<TokenSet> {
  const provider = withParameters(await requireProvider(deps, id), request.parameters);
  if (!request.code) throw new TypeError('a code is needed');
  if (!request.codeVerifier && provider.pkce !== 'none') throw new TypeError('a code verifier is needed');
  const { redirectUri = redirectUriOf(deps, id), scopes: requestedScope = provider.defaultScope } = request;
  const secrets = { code: new Secret(request.code), codeVerifier: new Secret(request.codeVerifier) };
  return (await redeemAuthorizationCode(provider, { ...secrets, redirectUri, requestedScope }, httpOf(deps, provider)))
    .tokenSet;
}
