/** Dropbox: offline access has to be requested; the access token that is revoked authenticates the request. */

import type { ProviderTemplate } from './template.js';

export const dropbox: ProviderTemplate = {
  displayName: 'Dropbox',
  icon: 'dropbox',
  documentation: 'https://developers.dropbox.com/oauth-guide',
  authorizationEndpoint: 'https://www.dropbox.com/oauth2/authorize',
  tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['account_info.read'],
  extraAuthorizationParameters: { token_access_type: 'offline' },
  tokensExpire: true,
  defaultLifetimeSeconds: 14_400,
  refreshReuse: 'none',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.dropboxapi.com/2/users/get_current_account',
    method: 'POST',
    body: 'null',
    id: 'account_id',
    name: 'name.display_name',
    email: 'email',
  },
  revocation: {
    endpoint: 'https://api.dropboxapi.com/2/auth/token/revoke',
    method: 'POST',
    authentication: 'bearer',
    body: 'none',
    parameter: 'token',
    token: 'access',
    reach: 'grant',
  },
  unverified: ['what revoking does to the refresh token', 'Dropbox-API-Select headers of team apps'],
};
