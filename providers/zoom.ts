/** Zoom: a new authorization ends the earlier one of the same person. */

import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

/** Of a refresh token that has ended, was revoked, or was replaced by a later authorization of the same person (4741). */
const dead: ReadonlySet<string> = new Set(['4735', '4737', '4738', '4741']);
/** Client id or secret is wrong or missing. */
const ours: ReadonlySet<string> = new Set(['4702', '4704', '4706']);

/** Zoom answers with numbers of its own, beside `error` or instead of it. */
function nameError(body: JsonObject): JsonObject {
  if ('access_token' in body) return body;
  const numbers = [body.errorCode, body.code, body.reason].map(String);
  if (numbers.some((number) => dead.has(number))) return { ...body, error: 'invalid_grant' };
  return numbers.some((number) => ours.has(number)) ? { ...body, error: 'invalid_client' } : body;
}

export const zoom: ProviderTemplate = {
  displayName: 'Zoom',
  icon: 'zoom',
  documentation: 'https://developers.zoom.us/docs/integrations/oauth/',
  authorizationEndpoint: 'https://zoom.us/oauth/authorize',
  tokenEndpoint: 'https://zoom.us/oauth/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  // Scopes are set in the registration of the app.
  defaultScope: [],
  tokensExpire: true,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 7_776_000, renewedByUse: true },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.zoom.us/v2/users/me',
    id: 'id',
    name: 'display_name|first_name+last_name',
    email: 'email',
  },
  keepFromResponse: { api_url: 'api_url' },
  revocation: {
    endpoint: 'https://zoom.us/oauth/revoke',
    method: 'POST',
    authentication: 'basic',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  },
  refusals: [
    { error: 'invalid_grant', means: 'dead_grant' },
    { error: 'invalid_client', means: 'misconfigured' },
    // Also said of one person's grant, so it must not hold back everybody.
    { status: 401, means: 'unclear' },
  ],
  standardize: nameError,
  unverified: [
    'api_url of the answer',
    'scope separator when scope is sent',
    'in which field the number of an error stands',
  ],
};
