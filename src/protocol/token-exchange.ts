/** Token exchange: one token for another, in the form of RFC 8693 or as a JWT assertion (Microsoft's on-behalf-of). */

import type { Provider } from '../core/provider.js';
import type { Scope } from '../core/scope.js';
import type { Secret } from '../core/secret.js';
import type { TokenSet } from '../core/token-set.js';
import type { Http } from './http.js';
import { requestTokens, scopeParameter } from './token-endpoint.js';

/** Grant type of RFC 8693 section 2.1. */
const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** One exchange. */
export interface TokenExchange {
  readonly subjectToken: Secret;
  readonly scope: Scope;
  /** Default: RFC 8693. */
  readonly grantType?: string | undefined;
  /** Name of the field with the subject token. Default `subject_token`; `assertion` for a JWT assertion. */
  readonly subjectTokenParameter?: string | undefined;
  /** Default with the grant of RFC 8693: an access token, since the RFC requires one; `null` leaves it out. */
  readonly subjectTokenType?: string | null | undefined;
  readonly requestedTokenType?: string | undefined;
  /** RFC 8693 section 2.1. */
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
}

/**
 * Exchanges a token. The provider's extra token parameters win over everything, because each server wants its own.
 *
 * @throws as `redeemAuthorizationCode`; a subject token that is over or not accepted is GrantRefused
 */
export async function exchangeToken(provider: Provider, exchange: TokenExchange, http: Http): Promise<TokenSet> {
  const { grantType = tokenExchangeGrant, scope } = exchange;
  const optional = {
    subject_token_type: typeOfSubject(exchange, grantType),
    requested_token_type: exchange.requestedTokenType,
    audience: exchange.audience,
    resource: exchange.resource,
  };
  const parameters = {
    [exchange.subjectTokenParameter ?? 'subject_token']: exchange.subjectToken.reveal(),
    ...Object.fromEntries(Object.entries(optional).flatMap(([name, value]) => (value ? [[name, value]] : []))),
    ...scopeParameter(provider, scope),
    ...provider.extraTokenParameters,
  };
  return (await requestTokens(provider, { grantType, parameters, impliedScope: scope }, http)).tokenSet;
}

function typeOfSubject({ subjectTokenType }: TokenExchange, grantType: string): string | undefined {
  if (subjectTokenType !== undefined) return subjectTokenType ?? undefined;
  return grantType === tokenExchangeGrant ? accessTokenType : undefined;
}
