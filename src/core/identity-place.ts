/** The instance or company that an account belongs to, where its id alone does not name it (QuickBooks, Shopify). */

import type { ProviderIdentity } from './connection.js';
import type { IdentityMapping } from './provider.js';
import { fillPlaceholders } from './provider-endpoints.js';

/**
 * The identity with its place before the id. If the answer names nobody, the place itself is the account: a shop's own
 * token belongs to no person.
 *
 * @param parameters of the connection; without those that the place wants, the identity stays as it is
 */
export function withPlace(
  mapping: IdentityMapping,
  identity: ProviderIdentity | undefined,
  parameters: Readonly<Record<string, string>>,
): ProviderIdentity | undefined {
  const place = fillPlaceholders(mapping.place ?? '', new Map(Object.entries(parameters)));
  if (place === '' || /[{}]/.test(place)) return identity;
  if (identity !== undefined) return { ...identity, id: `${place}:${identity.id}` };
  return mapping.from === 'token_response' ? { id: place, name: place } : undefined;
}
