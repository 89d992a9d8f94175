/** The client credentials grant: tokens of our client itself, for nobody's account (RFC 6749 4.4). */

import type { Provider } from '../core/provider.js';
import type { Scope } from '../core/scope.js';
import type { TokenSet } from '../core/token-set.js';
import type { Http } from './http.js';
import { requestTokens, scopeParameter } from './token-endpoint.js';

/**
 * Asks for a token of our own.
 *
 * @throws as `redeemAuthorizationCode`
 */
export async function requestClientCredentials(
  provider: Provider,
  request: { scope: Scope },
  http: Http,
): Promise<TokenSet> {
  const parameters = scopeParameter(provider, request.scope);
  const asked = { grantType: 'client_credentials', parameters, impliedScope: request.scope };
  return (await requestTokens(provider, asked, http)).tokenSet;
}
