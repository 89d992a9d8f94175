/** Apple: the client secret is a JWT that our key signs; identity stands in the ID token only. */

import type { ProviderTemplate } from './template.js';

export const apple: ProviderTemplate = {
  displayName: 'Apple',
  icon: 'apple',
  documentation: 'https://developer.apple.com/documentation/signinwithapplerestapi',
  issuer: 'https://appleid.apple.com',
  authorizationEndpoint: 'https://appleid.apple.com/auth/authorize',
  tokenEndpoint: 'https://appleid.apple.com/auth/token',
  clientAuthentication: 'client_secret_signed',
  pkce: 'S256',
  // With any scope Apple answers by a cross-site form post, which carries no cookie of ours; without, by a redirect.
  defaultScope: [],
  extraAuthorizationParameters: { response_mode: 'query' },
  tokensExpire: true,
  refreshReuse: 'none',
  identity: { from: 'id_token', id: 'sub', email: 'email' },
  revocation: {
    endpoint: 'https://appleid.apple.com/auth/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  },
  unverified: ['PKCE (a working client sends it, not documented)', 'ID token without the openid scope'],
};
