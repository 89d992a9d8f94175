/** Trello: OAuth 2.0 since September 2026, at Atlassian's authorization server; before that OAuth 1.0a. */

import { nameDeadGrant } from './atlassian.js';
import type { ProviderTemplate } from './template.js';

export const trello: ProviderTemplate = {
  displayName: 'Trello',
  icon: 'trello',
  documentation: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/oauth-2-getting-started/',
  authorizationEndpoint: 'https://auth.atlassian.com/authorize',
  tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
  clientAuthentication: 'client_secret_post',
  tokenRequestFormat: 'json',
  pkce: 'S256',
  // The scope for the member's own data includes the e-mail address.
  defaultScope: ['read:member:trello', 'offline_access'],
  unlistedScope: ['offline_access'],
  extraAuthorizationParameters: { prompt: 'consent' },
  tokensExpire: true,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.trello.com/1/members/me',
    id: 'id',
    name: 'fullName|username',
    email: 'email',
  },
  standardize: nameDeadGrant,
  unverified: [
    'endpoints and scope names (as a working client sends them)',
    'identity fields, and that the API takes a Bearer token',
    'lifetimes, and the fate of a replaced refresh token',
    'absence of a revocation endpoint',
    'status and code of the answer to a dead refresh token (taken as at Atlassian)',
  ],
};
