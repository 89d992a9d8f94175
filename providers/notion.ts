/** Notion: no scopes, JSON requests; the person chooses the pages. */

import type { ProviderTemplate } from './template.js';

export const notion: ProviderTemplate = {
  displayName: 'Notion',
  icon: 'notion',
  documentation: 'https://developers.notion.com/docs/authorization',
  authorizationEndpoint: 'https://api.notion.com/v1/oauth/authorize',
  tokenEndpoint: 'https://api.notion.com/v1/oauth/token',
  clientAuthentication: 'client_secret_basic',
  tokenRequestFormat: 'json',
  pkce: 'none',
  defaultScope: [],
  extraAuthorizationParameters: { owner: 'user' },
  extraTokenHeaders: { 'notion-version': '2022-06-28' },
  tokensExpire: false,
  refreshReuse: 'strict',
  // A workspace may own the grant instead of a user.
  identity: {
    from: 'token_response',
    id: 'workspace_id+owner.user.id|bot_id',
    name: 'owner.user.name|workspace_name',
    email: 'owner.user.person.email',
  },
  keepFromResponse: { workspace_id: 'workspace_id' },
  revocation: {
    endpoint: 'https://api.notion.com/v1/oauth/revoke',
    method: 'POST',
    authentication: 'basic',
    body: 'json',
    parameter: 'token',
    token: 'access',
    reach: 'grant',
    headers: { 'notion-version': '2022-06-28' },
  },
  unverified: [
    'lifetime of access and refresh tokens',
    'fate of a replaced refresh token',
    'PKCE',
    'reach of a revocation',
  ],
};
