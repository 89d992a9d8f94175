/** GitHub, OAuth App: scopes, and tokens that do not expire unless the app is set so. */

import { hostName, hostNameWithApi } from './host-names.js';
import type { ProviderTemplate } from './template.js';

const headers = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };

/** The same for both kinds of app, at GitHub and at an Enterprise Server (`host` and, for its API, `host/api/v3`). */
export const githubServer = {
  icon: 'github',
  authorizationEndpoint: 'https://{host}/login/oauth/authorize',
  tokenEndpoint: 'https://{host}/login/oauth/access_token',
  deviceAuthorizationEndpoint: 'https://{host}/login/device/code',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  // The app's setting decides whether tokens expire; `expires_in` tells.
  tokensExpire: false,
  defaultLifetimeSeconds: 28_800,
  // With a GitHub App, a refresh ends the old refresh token and the old access token at once.
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://{api}/user',
    headers,
    id: 'id',
    name: 'name|login',
    email: 'email',
    // `email` is null if the address is private; then this list has it.
    emails: { endpoint: 'user/emails', address: 'email', primary: 'primary', verified: 'verified' },
  },
  // `/grant` instead of `/token` would end every other connection of the same GitHub account.
  revocation: {
    endpoint: 'https://{api}/applications/{client_id}/token',
    method: 'DELETE',
    authentication: 'basic',
    body: 'json',
    parameter: 'access_token',
    token: 'access',
    reach: 'token',
    headers,
  },
  // Errors come with status 200.
  refusals: [
    { error: 'bad_refresh_token', means: 'dead_grant' },
    { error: 'bad_verification_code', means: 'dead_grant' },
    { error: 'incorrect_client_credentials', means: 'misconfigured' },
  ],
  placeholders: {
    host: { pattern: hostName, default: 'github.com' },
    api: { pattern: hostNameWithApi, default: 'api.github.com' },
  },
} satisfies Partial<ProviderTemplate>;

/** An OAuth app of GitHub; `github-app` is the other kind, whose tokens expire. */
export const github: ProviderTemplate = {
  ...githubServer,
  displayName: 'GitHub',
  documentation: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
  defaultScope: ['read:user', 'user:email'],
  // GitHub lists a wider scope instead of those that it includes.
  scopeAliases: {
    'read:user': 'user',
    'user:email': 'user',
    'user:follow': 'user',
    public_repo: 'repo',
    'repo:status': 'repo',
    'read:org': 'admin:org',
  },
  unlistedScope: ['offline_access'],
  refreshLifetime: { seconds: 15_897_600, renewedByUse: true },
  unverified: [
    'rotation rules of expiring OAuth App tokens',
    'whether expiry is on by default for new OAuth Apps',
    'the full list of scopes that a wider one replaces',
    'that an Enterprise Server ignores PKCE',
    'User-Agent requirement on the token endpoint',
  ],
};
