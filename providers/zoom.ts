/** Zoom: a new authorization ends the earlier one of the same person. */

import type { ProviderTemplate } from './template.js';

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
  unverified: ['api_url of the answer', 'scope separator when scope is sent'],
};
