/** Shopify: every shop is its own authorization server; expiring tokens have to be requested. */

import { hostLabel } from './host-names.js';
import type { ProviderTemplate } from './template.js';

export const shopify: ProviderTemplate = {
  displayName: 'Shopify',
  icon: 'shopify',
  documentation:
    'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant',
  authorizationEndpoint: 'https://{shop}.myshopify.com/admin/oauth/authorize',
  tokenEndpoint: 'https://{shop}.myshopify.com/admin/oauth/access_token',
  clientAuthentication: 'client_secret_post',
  pkce: 'none',
  defaultScope: ['read_products'],
  scopeSeparator: ',',
  // Shopify lists a write scope instead of its read scope.
  scopeAliases: {
    read_customers: 'write_customers',
    read_inventory: 'write_inventory',
    read_orders: 'write_orders',
    read_products: 'write_products',
  },
  extraTokenParameters: { expiring: '1' },
  tokensExpire: false,
  // The old refresh token works until the new one is used for the first time.
  refreshReuse: 'grace',
  reuseGraceSeconds: 600,
  refreshLifetime: { seconds: 7_776_000, renewedByUse: true },
  // The account is the shop; only online tokens name a person.
  identity: {
    from: 'token_response',
    id: 'associated_user.id',
    place: '{shop}.myshopify.com',
    email: 'associated_user.email',
  },
  callbackMatches: { shop: '{shop}.myshopify.com' },
  callbackSignature: 'hmac',
  placeholders: { shop: { pattern: hostLabel } },
  unverified: [
    'write scope replacing the read scope',
    'absence of a revocation endpoint',
    'name of the webhook of an uninstallation',
  ],
};
