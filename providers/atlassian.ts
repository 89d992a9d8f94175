/** Atlassian (Jira, Confluence): a dead grant answers 403; one consent may cover several sites. */

import type { JsonObject } from '../src/core/provider.js';
import type { ProviderTemplate } from './template.js';

/** Corrects older answers, which blame the client for a dead refresh token; matches only this exact sentence. */
export function nameDeadGrant(body: JsonObject): JsonObject {
  const isDead = body.error === 'unauthorized_client' && body.error_description === 'refresh_token is invalid';
  return isDead ? { ...body, error: 'invalid_grant' } : body;
}

/** Jira, Confluence and the rest of Atlassian Cloud (OAuth 2.0, 3LO). */
export const atlassian: ProviderTemplate = {
  displayName: 'Atlassian',
  icon: 'atlassian',
  documentation: 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
  authorizationEndpoint: 'https://auth.atlassian.com/authorize',
  tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['read:me', 'offline_access'],
  unlistedScope: ['offline_access'],
  extraAuthorizationParameters: { audience: 'api.atlassian.com', prompt: 'consent' },
  tokensExpire: true,
  refreshReuse: 'grace',
  reuseGraceSeconds: 600,
  refreshLifetime: { seconds: 7_776_000, renewedByUse: true, mostSeconds: 31_536_000 },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.atlassian.com/me',
    id: 'account_id',
    name: 'name',
    email: 'email',
  },
  // API addresses have the form https://api.atlassian.com/ex/{jira|confluence}/{cloud_id}.
  sites: {
    endpoint: 'https://api.atlassian.com/oauth/token/accessible-resources',
    id: 'id',
    name: 'name',
    url: 'url',
    parameter: 'cloud_id',
  },
  standardize: nameDeadGrant,
  unverified: [
    'PKCE (accepted by working clients, not documented)',
    'absence of a revocation endpoint',
    '10 minutes of grace for an old refresh token',
    'unauthorized_client with "refresh_token is invalid" in older answers',
  ],
};
