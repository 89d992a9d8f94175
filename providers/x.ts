/** X (Twitter): an authorization code lives 30 seconds, and a dead refresh token is reported as an invalid request. */

import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

const deadToken = 'Value passed for the token was invalid.';

/** Matches only this exact sentence: every other invalid request is a fault of ours. */
function nameDeadGrant(body: JsonObject): JsonObject {
  const isDead = body.error === 'invalid_request' && body.error_description === deadToken;
  return isDead ? { ...body, error: 'invalid_grant' } : body;
}

export const x: ProviderTemplate = {
  displayName: 'X',
  icon: 'x',
  documentation: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
  authorizationEndpoint: 'https://x.com/i/oauth2/authorize',
  tokenEndpoint: 'https://api.x.com/2/oauth2/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  // `users/me` needs tweet.read as well as users.read.
  defaultScope: ['users.read', 'tweet.read', 'offline.access'],
  unlistedScope: ['offline.access'],
  tokensExpire: true,
  defaultLifetimeSeconds: 7_200,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.x.com/2/users/me?user.fields=confirmed_email',
    id: 'data.id',
    name: 'data.name|data.username',
    email: 'data.confirmed_email',
  },
  revocation: {
    endpoint: 'https://api.x.com/2/oauth2/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'token',
  },
  standardize: nameDeadGrant,
  unverified: [
    'refresh token lifetime',
    'invalid_request as the answer to a dead refresh token',
    'reach of a revocation',
  ],
};
