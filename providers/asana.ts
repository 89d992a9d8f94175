/** Asana: only the refresh token can be revoked. */

import type { ProviderTemplate } from './template.js';

export const asana: ProviderTemplate = {
  displayName: 'Asana',
  icon: 'asana',
  documentation: 'https://developers.asana.com/docs/oauth',
  authorizationEndpoint: 'https://app.asana.com/-/oauth_authorize',
  tokenEndpoint: 'https://app.asana.com/-/oauth_token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['default'],
  tokensExpire: true,
  refreshReuse: 'none',
  identity: {
    from: 'userinfo',
    endpoint: 'https://app.asana.com/api/1.0/users/me',
    id: 'data.gid',
    name: 'data.name',
    email: 'data.email',
  },
  revocation: {
    endpoint: 'https://app.asana.com/-/oauth_revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh_only',
    reach: 'grant',
  },
  unverified: ['that a revocation refuses access tokens'],
};
