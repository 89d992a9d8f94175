/** Figma: refreshing has its own endpoint, which issues no new refresh token. */

import type { ProviderTemplate } from './template.js';

export const figma: ProviderTemplate = {
  displayName: 'Figma',
  icon: 'figma',
  documentation: 'https://developers.figma.com/docs/rest-api/authentication/',
  authorizationEndpoint: 'https://www.figma.com/oauth',
  tokenEndpoint: 'https://api.figma.com/v1/oauth/token',
  refreshEndpoint: 'https://api.figma.com/v1/oauth/refresh',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['current_user:read'],
  tokensExpire: true,
  defaultLifetimeSeconds: 7_776_000,
  refreshReuse: 'none',
  identity: { from: 'userinfo', endpoint: 'https://api.figma.com/v1/me', id: 'id', name: 'handle', email: 'email' },
  unverified: [
    'access token lifetime of 90 days',
    'scope separator (space and comma seen)',
    'PKCE',
    'code lifetime of 30 s',
    'user_id_string in the answer',
  ],
};
