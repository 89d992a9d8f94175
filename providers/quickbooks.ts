/** QuickBooks Online (Intuit): the company (`realmId`) is only in the authorization response. */

import type { ProviderTemplate } from './template.js';

export const quickbooks: ProviderTemplate = {
  displayName: 'QuickBooks Online',
  icon: 'quickbooks',
  documentation:
    'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0',
  issuer: 'https://oauth.platform.intuit.com/op/v1',
  authorizationEndpoint: 'https://appcenter.intuit.com/connect/oauth2',
  tokenEndpoint: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
  clientAuthentication: 'client_secret_basic',
  pkce: 'none',
  defaultScope: ['com.intuit.quickbooks.accounting', 'openid', 'profile', 'email'],
  tokensExpire: true,
  refreshReuse: 'grace',
  reuseGraceSeconds: 86_400,
  refreshLifetime: { seconds: 8_726_400, renewedByUse: true, mostSeconds: 157_680_000 },
  identity: {
    from: 'userinfo',
    endpoint: 'https://accounts.platform.intuit.com/v1/openid_connect/userinfo',
    // One person may connect several companies.
    id: 'sub',
    place: '{realm_id}',
    name: 'givenName+familyName|givenName',
    email: 'email',
  },
  revocation: {
    endpoint: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
    method: 'POST',
    authentication: 'basic',
    body: 'json',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  },
  keepFromCallback: { realm_id: 'realmId' },
  unverified: ['userinfo field names', 'reach of a revocation'],
};
