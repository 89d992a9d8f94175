/** Intercom: no scopes, no expiry; the only way to revoke uninstalls the app for the whole workspace. */

import type { ProviderTemplate } from './template.js';

export const intercom: ProviderTemplate = {
  displayName: 'Intercom',
  icon: 'intercom',
  documentation: 'https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth',
  authorizationEndpoint: 'https://app.intercom.com/oauth',
  tokenEndpoint: 'https://api.intercom.io/auth/eagle/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: [],
  tokensExpire: false,
  refreshReuse: 'none',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.intercom.io/me',
    id: 'app.id_code+id',
    name: 'name',
    email: 'email',
  },
  // `POST /auth/uninstall` is not used, as one person's disconnect must not uninstall everybody's app.
  unverified: ['identity field paths'],
};
