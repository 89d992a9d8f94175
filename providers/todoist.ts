/** Todoist: scopes separated by comma; tokens of older apps do not expire. */

import type { ProviderTemplate } from './template.js';

export const todoist: ProviderTemplate = {
  displayName: 'Todoist',
  icon: 'todoist',
  documentation: 'https://developer.todoist.com/api/v1/',
  authorizationEndpoint: 'https://todoist.com/oauth/authorize',
  tokenEndpoint: 'https://todoist.com/oauth/access_token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['data:read_write'],
  scopeSeparator: ',',
  tokensExpire: false,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.todoist.com/api/v1/user',
    id: 'id',
    name: 'full_name',
    email: 'email',
  },
  revocation: {
    endpoint: 'https://api.todoist.com/api/v1/revoke',
    method: 'POST',
    authentication: 'basic',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'token',
  },
  unverified: [
    'user endpoint',
    'lifetimes',
    'body format of the revocation',
    'PKCE',
    'fate of a replaced refresh token',
    'redirect URI of older apps',
  ],
};
