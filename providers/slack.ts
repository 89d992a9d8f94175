/** Slack: errors come with status 200; the person's own token is one level deeper. */

import { isJsonObject } from '../src/core/json-paths.js';
import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

/** If only `user_scope` is requested, Slack puts the token under `authed_user`. It is that person's, and nobody else's. */
function liftUserToken(body: JsonObject): JsonObject {
  const user = body.authed_user;
  if (!isJsonObject(user) || !('access_token' in user) || body.access_token !== undefined) return body;
  return { ...body, ...user, user_id: user.id };
}

export const slack: ProviderTemplate = {
  displayName: 'Slack',
  documentation: 'https://docs.slack.dev/authentication/installing-with-oauth',
  authorizationEndpoint: 'https://slack.com/oauth/v2/authorize',
  tokenEndpoint: 'https://slack.com/api/oauth.v2.access',
  clientAuthentication: 'client_secret_basic',
  // Only apps that are marked as public, which is permanent, accept PKCE parameters.
  pkce: 'none',
  defaultScope: ['chat:write', 'users:read'],
  scopeSeparator: ',',
  // The app's setting decides whether tokens expire; `expires_in` tells.
  tokensExpire: false,
  defaultLifetimeSeconds: 43_200,
  // All who connect the same workspace share one rotating chain of bot tokens; a user token is one person's.
  refreshReuse: 'strict',
  sharedChain: { unlessKept: 'user_id' },
  identity: {
    from: 'token_response',
    id: 'team.id+authed_user.id|enterprise.id+authed_user.id',
    name: 'team.name|enterprise.name',
  },
  keepFromResponse: { team_id: 'team.id', enterprise_id: 'enterprise.id', user_id: 'user_id' },
  revocation: {
    endpoint: 'https://slack.com/api/auth.revoke',
    method: 'POST',
    authentication: 'bearer',
    body: 'none',
    parameter: 'token',
    token: 'access',
    reach: 'token',
  },
  signals: { form: 'slack' },
  refusals: [
    { error: 'invalid_refresh_token', means: 'dead_grant' },
    { error: 'token_revoked', means: 'dead_grant' },
    { error: 'token_expired', means: 'dead_grant' },
    { error: 'account_inactive', means: 'dead_grant' },
    { error: 'invalid_auth', means: 'dead_grant' },
    { error: 'invalid_code', means: 'dead_grant' },
    { error: 'code_already_used', means: 'dead_grant' },
    { error: 'invalid_client_id', means: 'misconfigured' },
    { error: 'bad_client_secret', means: 'misconfigured' },
    { error: 'bad_redirect_uri', means: 'misconfigured' },
    { error: 'ratelimited', means: 'unavailable' },
  ],
  standardize: liftUserToken,
  unverified: [
    'error codes of a code exchange beside invalid_code',
    'parameters of apps.uninstall',
    'e-mail path in users.info',
  ],
};
