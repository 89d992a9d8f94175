/** GitHub App, user access tokens: permissions live on the app, so that no scope is asked for. */

import type { ProviderTemplate } from './template.js';

export const githubApp: ProviderTemplate = {
  displayName: 'GitHub App',
  icon: 'github',
  documentation:
    'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app',
  authorizationEndpoint: 'https://github.com/login/oauth/authorize',
  tokenEndpoint: 'https://github.com/login/oauth/access_token',
  deviceAuthorizationEndpoint: 'https://github.com/login/device/code',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: [],
  // Expiry is on unless the owner of the app switched it off; `expires_in` tells.
  tokensExpire: false,
  defaultLifetimeSeconds: 28_800,
  // A refresh ends both the old refresh token and the old access token at once.
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 15_811_200, renewedByUse: true },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.github.com/user',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    id: 'id',
    name: 'name|login',
    email: 'email',
    emails: { endpoint: 'user/emails', address: 'email', primary: 'primary', verified: 'verified' },
  },
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
  refusals: [
    { error: 'bad_refresh_token', means: 'dead_grant' },
    { error: 'bad_verification_code', means: 'dead_grant' },
    { error: 'incorrect_client_credentials', means: 'misconfigured' },
  ],
};
