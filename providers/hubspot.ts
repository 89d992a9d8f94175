/** HubSpot: one refresh token for each portal; errors have names of its own. */

import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

/** HubSpot answers `{status: 'BAD_REFRESH_TOKEN', message}` instead of `error`. */
function nameError(body: JsonObject): JsonObject {
  return typeof body.status === 'string' && body.error === undefined ? { ...body, error: body.status } : body;
}

export const hubspot: ProviderTemplate = {
  displayName: 'HubSpot',
  icon: 'hubspot',
  documentation:
    'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth',
  authorizationEndpoint: 'https://app.hubspot.com/oauth/authorize',
  tokenEndpoint: 'https://api.hubapi.com/oauth/2026-03/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['oauth'],
  tokensExpire: true,
  defaultLifetimeSeconds: 1_800,
  refreshReuse: 'none',
  // All who connect a portal share its tokens, so the account is the portal.
  identity: { from: 'token_response', id: 'hub_id' },
  revocation: {
    endpoint: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'workspace',
  },
  refusals: [
    { error: 'BAD_REFRESH_TOKEN', means: 'dead_grant' },
    { error: 'BAD_AUTH_CODE', means: 'dead_grant' },
    { error: 'BAD_CLIENT_ID', means: 'misconfigured' },
    { error: 'BAD_CLIENT_SECRET', means: 'misconfigured' },
  ],
  standardize: nameError,
  unverified: ['PKCE', 'body of the revocation', 'status words beside BAD_REFRESH_TOKEN'],
};
