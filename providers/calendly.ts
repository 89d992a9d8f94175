/** Calendly: the account's id is a URI. */

import type { ProviderTemplate } from './template.js';

export const calendly: ProviderTemplate = {
  displayName: 'Calendly',
  icon: 'calendly',
  documentation: 'https://developer.calendly.com/api-docs/authentication',
  authorizationEndpoint: 'https://auth.calendly.com/oauth/authorize',
  tokenEndpoint: 'https://auth.calendly.com/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['users:read'],
  tokensExpire: true,
  defaultLifetimeSeconds: 7_200,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.calendly.com/users/me',
    id: 'resource.uri',
    name: 'resource.name',
    email: 'resource.email',
  },
  revocation: {
    endpoint: 'https://auth.calendly.com/oauth/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'token',
  },
  unverified: ['reach of a revocation', 'organization field'],
};
