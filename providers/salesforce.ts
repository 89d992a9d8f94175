/** Salesforce: token responses have no lifetime; sandboxes and My Domain have their own hosts. */

import type { ProviderTemplate } from './template.js';

export const salesforce: ProviderTemplate = {
  displayName: 'Salesforce',
  documentation: 'https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm',
  authorizationEndpoint: 'https://{login_host}/services/oauth2/authorize',
  tokenEndpoint: 'https://{login_host}/services/oauth2/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['openid', 'profile', 'email', 'api', 'refresh_token'],
  unlistedScope: ['refresh_token'],
  tokensExpire: true,
  defaultLifetimeSeconds: 3_600,
  // Each app chooses whether refresh tokens rotate.
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://{login_host}/services/oauth2/userinfo',
    id: 'organization_id+user_id',
    name: 'name',
    email: 'email',
  },
  // 400 = not a live token.
  revocation: {
    endpoint: 'https://{login_host}/services/oauth2/revoke',
    method: 'POST',
    authentication: 'none',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
    alsoDone: [400],
  },
  keepFromResponse: { instance_url: 'instance_url' },
  placeholders: {
    login_host: {
      pattern: /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.salesforce\.com$/,
      default: 'login.salesforce.com',
      chosen: 'by_connect',
    },
  },
  unverified: [
    "session lifetime: the org's setting, taken as one hour",
    'INVALID_SESSION_ID as the code of a 401',
    'unit of issued_at',
  ],
};
