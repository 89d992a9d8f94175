/** Stripe Connect: the account is in the token response; the client secret is the platform's API key. */

import type { ProviderTemplate } from './template.js';

export const stripeConnect: ProviderTemplate = {
  displayName: 'Stripe Connect',
  icon: 'stripe',
  documentation: 'https://docs.stripe.com/connect/oauth-reference',
  authorizationEndpoint: 'https://connect.stripe.com/oauth/authorize',
  tokenEndpoint: 'https://connect.stripe.com/oauth/token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['read_write'],
  tokensExpire: false,
  refreshReuse: 'none',
  identity: { from: 'token_response', id: 'stripe_user_id' },
  // No revocation: deauthorizing needs the account's id instead of a token, which is not supported here.
  unverified: ['name of the webhook of a deauthorization'],
};
