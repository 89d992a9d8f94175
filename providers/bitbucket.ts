/** Bitbucket Cloud: scopes are fixed on the consumer and listed under `scopes`. */

import type { ProviderTemplate } from './template.js';

export const bitbucket: ProviderTemplate = {
  displayName: 'Bitbucket',
  icon: 'bitbucket',
  documentation: 'https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/',
  authorizationEndpoint: 'https://bitbucket.org/site/oauth2/authorize',
  tokenEndpoint: 'https://bitbucket.org/site/oauth2/access_token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'none',
  defaultScope: [],
  tokensExpire: true,
  defaultLifetimeSeconds: 7_200,
  refreshReuse: 'none',
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.bitbucket.org/2.0/user',
    id: 'uuid|account_id',
    name: 'display_name',
    emails: {
      endpoint: 'user/emails',
      list: 'values',
      address: 'email',
      primary: 'is_primary',
      verified: 'is_confirmed',
    },
  },
  unverified: ['refresh token lifetime and non-rotation', 'access token lifetime of 1 or 2 hours'],
};
