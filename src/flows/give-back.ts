/** Gives a grant back that nobody will use, where that does not take a working connection along. */

import type { Connection } from '../core/connection.js';
import type { RevocationOutcome } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { awaitsProofOf } from './listed-grants.js';
import { placesOfClient, providersOfClient } from './providers-of-client.js';
import { revokeConnection } from './revoke-connection.js';
import { findByAccount } from './shared-account.js';

/**
 * Revokes, unless the provider would end everything of an account that somebody has connected, or is about to: an attempt
 * that was given up must not cost anybody what works. Never throws.
 *
 * @returns `no` as well where it was left alone
 */
export async function giveBack(deps: Dependencies, grant: Omit<Connection, 'proof'>): Promise<RevocationOutcome> {
  const reach = deps.providers.find(grant.provider)?.revocation?.reach;
  const isWide = reach === 'user' || reach === 'workspace';
  if (isWide && (await isHeld(deps, grant))) return 'no';
  return revokeConnection(deps, grant);
}

/**
 * Under whichever tenant and entry: to the provider they are one client. When it cannot be known, it may be so: the store does
 * not answer, a record cannot be opened, or the provider did not say whose the grant is.
 */
async function isHeld(deps: Dependencies, grant: Omit<Connection, 'proof'>): Promise<boolean> {
  const { identity, parameters } = grant;
  if (identity === undefined) return true;
  const providers = providersOfClient(deps, grant.provider);
  try {
    // In this order: what is proven in between is found among the connections.
    if (await awaitsProofOf(deps, { providers, accountId: identity.id })) return true;
    const places = await placesOfClient(deps, grant.provider);
    const find = (place: (typeof places)[number]) =>
      findByAccount(deps, { ...place, parameters, accountId: identity.id });
    return (await Promise.all(places.map(find))).some(({ length }) => length > 0);
  } catch {
    return true;
  }
}
