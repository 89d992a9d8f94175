/** Apple: the client secret is a JWT that we sign with our key; the identity is in the ID token only. */

import type { ProviderTemplate } from './template.js';

export const apple: ProviderTemplate = {
  displayName: 'Apple',
  icon: 'apple',
  documentation: 'https://developer.apple.com/documentation/signinwithapplerestapi',
  issuer: 'https://appleid.apple.com',
  authorizationEndpoint: 'https://appleid.apple.com/auth/authorize',
  tokenEndpoint: 'https://appleid.apple.com/auth/token',
  denials: ['user_cancelled_authorize'],
  clientAuthentication: 'client_secret_signed',
  pkce: 'S256',
  defaultScope: ['name', 'email'],
  // Apple requires a form post as soon as any scope is asked for.
  extraAuthorizationParameters: { response_mode: 'form_post' },
  tokensExpire: true,
  refreshReuse: 'none',
  // A refresh token may be used once a day at most.
  refreshAhead: false,
  // The name comes once, with the first consent.
  identity: {
    from: 'id_token',
    id: 'sub',
    callbackName: { parameter: 'user', path: 'name.firstName+name.lastName|name.firstName|name.lastName' },
    email: 'email',
  },
  revocation: {
    endpoint: 'https://appleid.apple.com/auth/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  },
  unverified: [
    'PKCE (a working client sends it, not documented)',
    'ID token without the openid scope',
    'restriction of redirect URIs (no localhost, no IP address)',
    'reach of a revocation',
  ],
};
