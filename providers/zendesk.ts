/** Zendesk: every customer has its own host; JSON requests. */

import { hostLabel } from './host-names.js';
import type { ProviderTemplate } from './template.js';

export const zendesk: ProviderTemplate = {
  displayName: 'Zendesk',
  icon: 'zendesk',
  documentation: 'https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/',
  authorizationEndpoint: 'https://{subdomain}.zendesk.com/oauth/authorizations/new',
  tokenEndpoint: 'https://{subdomain}.zendesk.com/oauth/tokens',
  clientAuthentication: 'client_secret_post',
  tokenRequestFormat: 'json',
  pkce: 'S256',
  defaultScope: ['read', 'write'],
  tokensExpire: false,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://{subdomain}.zendesk.com/api/v2/users/me.json',
    id: 'user.id',
    name: 'user.name',
    email: 'user.email',
  },
  revocation: {
    endpoint: 'https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current.json',
    method: 'DELETE',
    authentication: 'bearer',
    body: 'none',
    parameter: 'token',
    token: 'access',
    reach: 'grant',
  },
  placeholders: { subdomain: { pattern: hostLabel } },
  unverified: [
    'lifetimes when the request names none',
    'whether a revocation also ends the refresh token',
    'allowed ranges of the lifetimes that a request may name',
  ],
};
