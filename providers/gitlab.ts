/** GitLab, also self-managed: a refresh ends the old pair at once. */

import { hostName } from './host-names.js';
import type { ProviderTemplate } from './template.js';

export const gitlab: ProviderTemplate = {
  displayName: 'GitLab',
  icon: 'gitlab',
  documentation: 'https://docs.gitlab.com/api/oauth2/',
  issuer: 'https://{host}',
  authorizationEndpoint: 'https://{host}/oauth/authorize',
  tokenEndpoint: 'https://{host}/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['openid', 'profile', 'email', 'read_user'],
  tokensExpire: true,
  defaultLifetimeSeconds: 7_200,
  refreshReuse: 'strict',
  identity: { from: 'userinfo', endpoint: 'https://{host}/oauth/userinfo', id: 'sub', name: 'name', email: 'email' },
  revocation: {
    endpoint: 'https://{host}/oauth/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'token',
  },
  placeholders: { host: { pattern: hostName, default: 'gitlab.com' } },
  unverified: ['refresh token lifetime'],
};
