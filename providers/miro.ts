/** Miro: a setting of the app decides whether tokens expire; a revocation has the token in the query. */

import type { ProviderTemplate } from './template.js';

export const miro: ProviderTemplate = {
  displayName: 'Miro',
  icon: 'miro',
  documentation: 'https://developers.miro.com/docs/getting-started-with-oauth',
  authorizationEndpoint: 'https://miro.com/oauth/authorize',
  tokenEndpoint: 'https://api.miro.com/v1/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['boards:read'],
  tokensExpire: false,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 5_184_000, renewedByUse: true },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.miro.com/v1/oauth-token',
    id: 'user.id+team.id',
    name: 'user.name',
  },
  revocation: {
    endpoint: 'https://api.miro.com/v1/oauth/revoke',
    method: 'POST',
    authentication: 'none',
    body: 'query',
    parameter: 'access_token',
    token: 'access',
    reach: 'grant',
  },
  unverified: ['newer revocation endpoint', 'form body on refresh', 'fate of a replaced refresh token'],
};
