/** Google: issues a refresh token only for offline access, and only with a new consent. */

import type { ProviderTemplate } from './template.js';

export const google: ProviderTemplate = {
  displayName: 'Google',
  icon: 'google',
  documentation: 'https://developers.google.com/identity/protocols/oauth2/web-server',
  issuer: 'https://accounts.google.com',
  authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  tokenEndpoint: 'https://oauth2.googleapis.com/token',
  deviceAuthorizationEndpoint: 'https://oauth2.googleapis.com/device/code',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['openid', 'email', 'profile'],
  // These are requested by their short name and listed by the long one.
  scopeAliases: {
    email: 'https://www.googleapis.com/auth/userinfo.email',
    profile: 'https://www.googleapis.com/auth/userinfo.profile',
  },
  extraAuthorizationParameters: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
  tokensExpire: true,
  refreshReuse: 'none',
  refreshLifetime: { seconds: 15_552_000, renewedByUse: true },
  identity: {
    from: 'userinfo',
    endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
    id: 'sub',
    name: 'name',
    email: 'email',
  },
  // Cross-Account Protection; our address is registered with Google's RISC API.
  signals: {
    form: 'security_event',
    issuer: 'https://accounts.google.com/',
    jwksUri: 'https://www.googleapis.com/oauth2/v3/certs',
  },
  // Ends everything that the person has granted to the Google Cloud project; 400 = already revoked or expired.
  revocation: {
    endpoint: 'https://oauth2.googleapis.com/revoke',
    method: 'POST',
    authentication: 'none',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'user',
    alsoDone: [400],
  },
  refusals: [
    { error: 'deleted_client', means: 'misconfigured' },
    { error: 'org_internal', means: 'misconfigured' },
    // An administrator has blocked the service for this person.
    { error: 'admin_policy_enforced', means: 'dead_grant' },
    { status: 403, error: 'rate_limit_exceeded', means: 'unavailable' },
  ],
  unverified: ['exact access token lifetime (3599 and 3920 seen)', 'tokeninfo URL'],
};
