/** LinkedIn: PKCE and Basic must not be sent; few apps get a refresh token. */

import type { ProviderTemplate } from './template.js';

export const linkedin: ProviderTemplate = {
  displayName: 'LinkedIn',
  documentation: 'https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow',
  authorizationEndpoint: 'https://www.linkedin.com/oauth/v2/authorization',
  tokenEndpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
  denials: ['user_cancelled_login', 'user_cancelled_authorize'],
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['openid', 'profile', 'email'],
  tokensExpire: true,
  defaultLifetimeSeconds: 5_184_000,
  refreshReuse: 'none',
  refreshLifetime: { seconds: 31_536_000, renewedByUse: false },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.linkedin.com/v2/userinfo',
    id: 'sub',
    name: 'name',
    email: 'email',
  },
  revocation: {
    endpoint: 'https://www.linkedin.com/oauth/v2/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'access',
    reach: 'grant',
  },
  unverified: ['revocation endpoint', 'scope separator of the answer', 'reach of a revocation'],
};
