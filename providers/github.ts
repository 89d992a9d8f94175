/** GitHub, OAuth App: scopes, and tokens that do not expire unless the app asks for it. */

import type { ProviderTemplate } from './template.js';

export const github: ProviderTemplate = {
  displayName: 'GitHub',
  icon: 'github',
  documentation: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
  authorizationEndpoint: 'https://github.com/login/oauth/authorize',
  tokenEndpoint: 'https://github.com/login/oauth/access_token',
  deviceAuthorizationEndpoint: 'https://github.com/login/device/code',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['read:user', 'user:email'],
  // A wider scope is listed instead of those that it holds.
  scopeAliases: {
    'read:user': 'user',
    'user:email': 'user',
    'user:follow': 'user',
    public_repo: 'repo',
    'repo:status': 'repo',
    'read:org': 'admin:org',
  },
  unlistedScope: ['offline_access'],
  // Whether they expire is the app's choice; `expires_in` tells.
  tokensExpire: false,
  defaultLifetimeSeconds: 28_800,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 15_897_600, renewedByUse: true },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.github.com/user',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    id: 'id',
    name: 'name|login',
    email: 'email',
    // Null when the address is private.
    emails: { endpoint: 'user/emails', address: 'email', primary: 'primary', verified: 'verified' },
  },
  // `/grant` instead of `/token` would end every other connection of the same GitHub account.
  revocation: {
    endpoint: 'https://api.github.com/applications/{client_id}/token',
    method: 'DELETE',
    authentication: 'basic',
    body: 'json',
    parameter: 'access_token',
    token: 'access',
    reach: 'token',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  },
  // Errors come with status 200.
  refusals: [
    { error: 'bad_refresh_token', means: 'dead_grant' },
    { error: 'bad_verification_code', means: 'dead_grant' },
    { error: 'incorrect_client_credentials', means: 'misconfigured' },
  ],
  unverified: [
    'rotation rules of expiring OAuth App tokens',
    'whether expiry is on by default for new OAuth Apps',
    'the full list of scopes that a wider one replaces',
  ],
};
