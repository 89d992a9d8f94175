/** Reddit: permanent access has to be requested; errors may come with status 200. */

import type { ProviderTemplate } from './template.js';

/** Reddit throttles or refuses clients by their user agent, so each app needs one of its own. */
const headers = { 'user-agent': 'server:{client_id} (valetkey)' };

export const reddit: ProviderTemplate = {
  displayName: 'Reddit',
  icon: 'reddit',
  documentation: 'https://github.com/reddit-archive/reddit/wiki/OAuth2',
  authorizationEndpoint: 'https://www.reddit.com/api/v1/authorize',
  tokenEndpoint: 'https://www.reddit.com/api/v1/access_token',
  clientAuthentication: 'client_secret_basic_raw',
  pkce: 'none',
  defaultScope: ['identity'],
  extraAuthorizationParameters: { duration: 'permanent' },
  extraTokenHeaders: headers,
  tokensExpire: true,
  refreshReuse: 'none',
  identity: { from: 'userinfo', endpoint: 'https://oauth.reddit.com/api/v1/me', headers, id: 'id', name: 'name' },
  revocation: {
    endpoint: 'https://www.reddit.com/api/v1/revoke_token',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
    headers,
  },
  unverified: [
    'access token lifetime (3600, 86400 in newer answers)',
    'errors with status 200',
    'reach of a revocation',
  ],
};
