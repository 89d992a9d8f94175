/** Spotify: a grant ends six months after consent, even if it is used. */

import type { ProviderTemplate } from './template.js';

export const spotify: ProviderTemplate = {
  displayName: 'Spotify',
  icon: 'spotify',
  documentation: 'https://developer.spotify.com/documentation/web-api/tutorials/code-flow',
  authorizationEndpoint: 'https://accounts.spotify.com/authorize',
  tokenEndpoint: 'https://accounts.spotify.com/api/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: ['user-read-email', 'user-read-private'],
  tokensExpire: true,
  // With PKCE the refresh token is replaced; whether the old one still works is not documented.
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 15_552_000, renewedByUse: false },
  identity: {
    from: 'userinfo',
    endpoint: 'https://api.spotify.com/v1/me',
    id: 'id',
    name: 'display_name',
    email: 'email',
  },
  unverified: ['fate of a replaced refresh token', "address of the page of a person's apps"],
};
