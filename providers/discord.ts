/** Discord: refresh tokens can be used once, and a revocation ends the whole authorization. */

import type { ProviderTemplate } from './template.js';

export const discord: ProviderTemplate = {
  displayName: 'Discord',
  icon: 'discord',
  documentation: 'https://discord.com/developers/docs/topics/oauth2',
  authorizationEndpoint: 'https://discord.com/oauth2/authorize',
  tokenEndpoint: 'https://discord.com/api/oauth2/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['identify', 'email'],
  tokensExpire: true,
  defaultLifetimeSeconds: 604_800,
  refreshReuse: 'strict',
  identity: {
    from: 'userinfo',
    endpoint: 'https://discord.com/api/users/@me',
    id: 'id',
    name: 'global_name|username',
    email: 'email',
  },
  // Only there with the scopes `bot` and `webhook.incoming`. The webhook's own token is another secret, and not kept.
  keepFromResponse: { guild_id: 'guild.id', webhook_id: 'webhook.id' },
  revocation: {
    endpoint: 'https://discord.com/api/oauth2/token/revoke',
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'user',
  },
  signals: { form: 'discord' },
  unverified: ['refresh token lifetime', 'whether revocation is per authorization or per user', 'OpenID discovery URL'],
};
