/** Canva: PKCE is required; errors have a `code` and a `message`. */

import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

/** Canva answers `{code, message}` instead of `error`. */
function nameError(body: JsonObject): JsonObject {
  return typeof body.code === 'string' && body.error === undefined ? { ...body, error: body.code } : body;
}

export const canva: ProviderTemplate = {
  displayName: 'Canva',
  documentation: 'https://www.canva.dev/docs/connect/authentication/',
  authorizationEndpoint: 'https://www.canva.com/api/oauth/authorize',
  tokenEndpoint: 'https://api.canva.com/rest/v1/oauth/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['profile:read'],
  tokensExpire: true,
  defaultLifetimeSeconds: 14_400,
  refreshReuse: 'strict',
  identity: { from: 'userinfo', endpoint: 'https://api.canva.com/rest/v1/users/me', id: 'team_user.user_id' },
  revocation: {
    endpoint: 'https://api.canva.com/rest/v1/oauth/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'user',
  },
  refusals: [
    { error: 'invalid_refresh_token', means: 'dead_grant' },
    { error: 'revoked_access_token', means: 'dead_grant' },
  ],
  standardize: nameError,
  unverified: ['identity field paths', 'OpenID endpoints (not used)'],
};
