/** The authorization request: where the browser is sent, and its PKCE verifier (RFC 6749 4.1.1, RFC 7636). */

import * as oauth from 'oauth4webapi';
import type { Provider } from '../core/provider.js';
import { formatScope, type Scope } from '../core/scope.js';
import { Secret } from '../core/secret.js';

/** What one authorization request asks for. */
export interface AuthorizationRequest {
  readonly state: Secret;
  /** Needed unless the provider knows no PKCE. */
  readonly codeChallenge?: string;
  readonly redirectUri: string;
  readonly scope: Scope;
}

type Parameter = readonly [name: string, value: string];

/**
 * The URL of an authorization request. What protects it is set last, so that no extra parameter can take its place.
 *
 * @throws TypeError without a code challenge where the provider takes one
 */
export function buildAuthorizationUrl(provider: Provider, request: AuthorizationRequest): string {
  const url = new URL(provider.authorizationEndpoint);
  for (const [name, value] of Object.entries(provider.extraAuthorizationParameters)) url.searchParams.set(name, value);
  for (const [name, value] of protectedParameters(provider, request)) url.searchParams.set(name, value);
  // Both spellings of a space are right in a query (RFC 6749 appendix B); some servers only read this one.
  url.search = url.searchParams.toString().replaceAll('+', '%20');
  return url.href;
}

function protectedParameters(provider: Provider, request: AuthorizationRequest): readonly Parameter[] {
  const { state, redirectUri, scope } = request;
  const parameters: Parameter[] = [
    ['response_type', 'code'],
    ['client_id', provider.clientId],
    ['redirect_uri', redirectUri],
    ['state', state.reveal()],
    ...pkceParameters(provider, request.codeChallenge),
  ];
  if (scope.length > 0) parameters.push(['scope', formatScope(scope, provider.scopeSeparator)]);
  if (provider.resource !== undefined) parameters.push(['resource', provider.resource]);
  return parameters;
}

// LinkedIn and a few others refuse requests with parameters of PKCE, so that it is only sent where it is known.
function pkceParameters(provider: Provider, codeChallenge: string | undefined): readonly Parameter[] {
  if (provider.pkce === 'none') return [];
  if (!codeChallenge) throw new TypeError('a code challenge is needed');
  return [
    ['code_challenge', codeChallenge],
    ['code_challenge_method', 'S256'],
  ];
}

/** A fresh PKCE verifier: 256 random bits as 43 characters (RFC 7636 4.1). */
export function createCodeVerifier(): Secret {
  return new Secret(oauth.generateRandomCodeVerifier());
}

/** The S256 challenge of a verifier (RFC 7636 4.2). */
export async function codeChallengeOf(verifier: Secret): Promise<string> {
  return oauth.calculatePKCECodeChallenge(verifier.reveal());
}
