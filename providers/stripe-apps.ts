/** Stripe Apps: the API key is the Basic user name; permissions are set on the app. */

import type { ProviderTemplate } from './template.js';

export const stripeApps: ProviderTemplate = {
  displayName: 'Stripe Apps',
  icon: 'stripe',
  documentation: 'https://docs.stripe.com/stripe-apps/api-authentication/oauth',
  authorizationEndpoint: 'https://marketplace.stripe.com/oauth/v2/authorize',
  tokenEndpoint: 'https://api.stripe.com/v1/oauth/token',
  clientAuthentication: 'client_secret_as_username',
  pkce: 'none',
  defaultScope: [],
  tokensExpire: true,
  refreshReuse: 'strict',
  refreshLifetime: { seconds: 31_536_000, renewedByUse: true },
  identity: { from: 'token_response', id: 'stripe_user_id' },
  unverified: ['refresh token lifetime of one year', 'rotation'],
};
