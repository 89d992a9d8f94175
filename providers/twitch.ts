/** Twitch: `scope` is an array, and errors are sentences. */

import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

/** Matches whole sentences only; an error that is not listed here gets no code. */
const codes: ReadonlyMap<unknown, string> = new Map([
  ['Invalid refresh token', 'invalid_grant'],
  ['Invalid authorization code', 'invalid_grant'],
  ['invalid client', 'invalid_client'],
  ['invalid client secret', 'invalid_client'],
]);

/** Twitch answers `{status, message}`; its `error` is only the text of the HTTP status. */
function nameError(body: JsonObject): JsonObject {
  const code = codes.get(body.message);
  return code === undefined ? body : { ...body, error: code };
}

/** Twitch tells no more than the id unless it is asked for each claim (OpenID Connect Core 5.5). */
const claims = { userinfo: { email: null, preferred_username: null } };

export const twitch: ProviderTemplate = {
  displayName: 'Twitch',
  icon: 'twitch',
  documentation: 'https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/',
  issuer: 'https://id.twitch.tv/oauth2',
  authorizationEndpoint: 'https://id.twitch.tv/oauth2/authorize',
  tokenEndpoint: 'https://id.twitch.tv/oauth2/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['openid', 'user:read:email'],
  extraAuthorizationParameters: { claims: JSON.stringify(claims) },
  tokensExpire: true,
  defaultLifetimeSeconds: 14_400,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://id.twitch.tv/oauth2/userinfo',
    id: 'sub',
    name: 'preferred_username',
    email: 'email',
  },
  revocation: {
    endpoint: 'https://id.twitch.tv/oauth2/revoke',
    method: 'POST',
    authentication: 'client_id',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'token',
  },
  standardize: nameError,
  unverified: ['exact sentences of the errors', 'reach of a revocation'],
};
