/** Xero: one grant can cover several organisations; the identity is in the ID token. */

import type { ProviderTemplate } from './template.js';

export const xero: ProviderTemplate = {
  displayName: 'Xero',
  icon: 'xero',
  documentation: 'https://developer.xero.com/documentation/guides/oauth2/auth-flow/',
  issuer: 'https://identity.xero.com',
  authorizationEndpoint: 'https://login.xero.com/identity/connect/authorize',
  tokenEndpoint: 'https://identity.xero.com/connect/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['openid', 'profile', 'email', 'offline_access'],
  unlistedScope: ['offline_access'],
  tokensExpire: true,
  defaultLifetimeSeconds: 1_800,
  refreshReuse: 'grace',
  reuseGraceSeconds: 1_800,
  refreshLifetime: { seconds: 5_184_000, renewedByUse: true },
  identity: { from: 'id_token', id: 'xero_userid|sub', name: 'name|given_name+family_name', email: 'email' },
  // API calls name the organisation in the header Xero-Tenant-Id.
  sites: { endpoint: 'https://api.xero.com/connections', id: 'tenantId', name: 'tenantName', parameter: 'tenant_id' },
  revocation: {
    endpoint: 'https://identity.xero.com/connect/revocation',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh_only',
    reach: 'user',
  },
  unverified: [
    '30 minutes of grace for an old refresh token',
    'xero_userid claim',
    'tenantName in the list of organisations',
    'userinfo URL (not used)',
  ],
};
