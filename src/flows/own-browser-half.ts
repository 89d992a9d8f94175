/** For hosts with a browser half of their own: the bare authorization request and code redemption, nothing stored. */

import { InvalidRequest, UnknownProvider } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { parseText } from '../core/parse-input.js';
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
  readonly redirectUri?: string | undefined;
  readonly scopes?: Scope | undefined;
  /** The shop or host, where each customer has one. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/**
 * The authorization URL for a state and an S256 code challenge that the host keeps.
 *
 * @throws {UnknownProvider}
 * @throws {InvalidRequest} state or code challenge is missing, or `parameters` that cannot be
 */
export function authorizeUrlOf(
  deps: Dependencies,
  id: ProviderId,
  request: OwnBrowserHalf & { readonly state: string; readonly codeChallenge: string },
): string {
  const configured = deps.providers.find(id);
  if (configured === undefined) throw new UnknownProvider();
  const provider = withParameters(configured, request.parameters);
  requireText('state', request.state);
  if (provider.pkce !== 'none') requireText('code_challenge', request.codeChallenge);
  const { codeChallenge, redirectUri = redirectUriOf(deps, id), scopes: scope = provider.defaultScope } = request;
  return buildAuthorizationUrl(provider, { state: new Secret(request.state), codeChallenge, redirectUri, scope });
}

/**
 * Redeems an authorization code.
 *
 * @throws {InvalidRequest} code or code verifier is missing, or `parameters` that cannot be
 * @throws {UnknownProvider | GrantRefused | ProviderError | ProviderUnavailable}
 */
export async function redeemCode(
  deps: Dependencies,
  id: ProviderId,
  request: OwnBrowserHalf & { readonly code: string; readonly codeVerifier: string },
): Promise<TokenSet> {
  const provider = withParameters(await requireProvider(deps, id), request.parameters);
  requireText('code', request.code);
  if (provider.pkce !== 'none') requireText('code_verifier', request.codeVerifier);
  const { redirectUri = redirectUriOf(deps, id), scopes: requestedScope = provider.defaultScope } = request;
  const secrets = { code: new Secret(request.code), codeVerifier: new Secret(request.codeVerifier) };
  return (await redeemAuthorizationCode(provider, { ...secrets, redirectUri, requestedScope }, httpOf(deps, provider)))
    .tokenSet;
}

/** What only the host can have made. */
function requireText(field: string, text: string): void {
  if (parseText(field, text) === '') throw new InvalidRequest(field, 'must not be empty');
}
