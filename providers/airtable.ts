/** Airtable: a refresh token that is used twice ends the whole grant. */

import type { ProviderTemplate } from './template.js';

export const airtable: ProviderTemplate = {
  displayName: 'Airtable',
  icon: 'airtable',
  documentation: 'https://airtable.com/developers/web/api/oauth-reference',
  authorizationEndpoint: 'https://airtable.com/oauth2/v1/authorize',
  tokenEndpoint: 'https://airtable.com/oauth2/v1/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['user.email:read'],
  tokensExpire: true,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 5_184_000, renewedByUse: true },
  identity: { from: 'userinfo', endpoint: 'https://api.airtable.com/v0/meta/whoami', id: 'id', email: 'email' },
  unverified: ['absence of a revocation endpoint'],
};
