/** ClickUp: no scopes, no expiry, no refresh token. */

import type { ProviderTemplate } from './template.js';

export const clickup: ProviderTemplate = {
  displayName: 'ClickUp',
  icon: 'clickup',
  documentation: 'https://developer.clickup.com/docs/authentication',
  authorizationEndpoint: 'https://app.clickup.com/api',
  tokenEndpoint: 'https://api.clickup.com/api/v2/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: [],
  tokensExpire: false,
  refreshReuse: 'none',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.clickup.com/api/v2/user',
    id: 'user.id',
    name: 'user.username',
    email: 'user.email',
  },
  unverified: ['absence of a revocation endpoint'],
};
