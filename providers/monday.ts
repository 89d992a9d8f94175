/** monday.com: only the token itself says when it expires; identity by GraphQL. */

import type { ProviderTemplate } from './template.js';

export const monday: ProviderTemplate = {
  displayName: 'monday.com',
  documentation: 'https://developer.monday.com/apps/docs/oauth',
  authorizationEndpoint: 'https://auth.monday.com/oauth2/authorize',
  tokenEndpoint: 'https://auth.monday.com/oauth_ms/oauth/token',
  issParameterSupported: true,
  clientAuthentication: 'client_secret_post',
  tokenRequestFormat: 'json',
  pkce: 'S256',
  defaultScope: ['me:read'],
  // There is no `expires_in`: the token is a JWT with `exp`.
  tokensExpire: true,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.monday.com/v2',
    method: 'POST',
    body: '{"query":"query { me { id name email account { id } } }"}',
    id: 'data.me.account.id+data.me.id',
    name: 'data.me.name',
    email: 'data.me.email',
  },
  revocation: {
    endpoint: 'https://auth.monday.com/oauth_ms/oauth/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'json',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  },
  unverified: [
    'account fields',
    'body format of the revocation',
    'value of iss',
    'fate of a replaced refresh token',
    'form of the Authorization header',
    'reach of a revocation',
  ],
};
