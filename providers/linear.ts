/** Linear: scopes by comma, identity by GraphQL. */

import type { ProviderTemplate } from './template.js';

export const linear: ProviderTemplate = {
  displayName: 'Linear',
  icon: 'linear',
  documentation: 'https://linear.app/developers/oauth-2-0-authentication',
  authorizationEndpoint: 'https://linear.app/oauth/authorize',
  tokenEndpoint: 'https://api.linear.app/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['read'],
  scopeSeparator: ',',
  tokensExpire: true,
  defaultLifetimeSeconds: 86_399,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.linear.app/graphql',
    method: 'POST',
    body: '{"query":"query { viewer { id name email } }"}',
    id: 'data.viewer.id',
    name: 'data.viewer.name',
    email: 'data.viewer.email',
  },
  // 400 = already revoked.
  revocation: {
    endpoint: 'https://api.linear.app/oauth/revoke',
    method: 'POST',
    authentication: 'bearer',
    body: 'none',
    parameter: 'token',
    token: 'access',
    reach: 'grant',
    alsoDone: [400],
  },
  unverified: [
    '30 minutes of grace for an old refresh token (taken as none)',
    'refresh token lifetime',
    'host of the migration call for old tokens',
    'reach of a revocation',
  ],
};
