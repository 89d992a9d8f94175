/** DocuSign: demo and production are different hosts; `extended` keeps a grant alive. */

import type { ProviderTemplate } from './template.js';

export const docusign: ProviderTemplate = {
  displayName: 'DocuSign',
  documentation: 'https://developers.docusign.com/platform/auth/authcode/',
  authorizationEndpoint: 'https://{account_host}/oauth/auth',
  tokenEndpoint: 'https://{account_host}/oauth/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['signature', 'extended'],
  unlistedScope: ['extended'],
  tokensExpire: true,
  defaultLifetimeSeconds: 28_800,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 2_592_000, renewedByUse: true },
  identity: {
    from: 'userinfo',
    endpoint: 'https://{account_host}/oauth/userinfo',
    id: 'sub',
    name: 'name',
    email: 'email',
  },
  // The site's URL is the host of the account's API.
  sites: {
    endpoint: 'https://{account_host}/oauth/userinfo',
    list: 'accounts',
    id: 'account_id',
    name: 'account_name',
    url: 'base_uri',
    parameter: 'account_id',
  },
  placeholders: {
    account_host: { pattern: /^account(?:-d)?\.docusign\.com$/, default: 'account.docusign.com', chosen: 'by_connect' },
  },
  unverified: [
    'PKCE',
    'account_name in the list of accounts',
    'fate of a replaced refresh token',
    'whether extended is listed in the answer',
    'about 5 live refresh tokens of a person',
  ],
};
