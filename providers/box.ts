/** Box: refresh tokens can be used once and live 60 days; the e-mail address is in `login`. */

import type { ProviderTemplate } from './template.js';

export const box: ProviderTemplate = {
  displayName: 'Box',
  icon: 'box',
  documentation: 'https://developer.box.com/guides/authentication/oauth2/',
  authorizationEndpoint: 'https://account.box.com/api/oauth2/authorize',
  tokenEndpoint: 'https://api.box.com/oauth2/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: [],
  tokensExpire: true,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 5_184_000, renewedByUse: true },
  identity: { from: 'userinfo', endpoint: 'https://api.box.com/2.0/users/me', id: 'id', name: 'name', email: 'login' },
  revocation: {
    endpoint: 'https://api.box.com/oauth2/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  },
  unverified: ['absence of a scope field in every answer', 'reach of a revocation'],
};
