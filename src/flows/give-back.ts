/** Revokes a grant that nobody will use, unless that would end a working connection as well. */

import type { Connection } from '../core/connection.js';
import type { RevocationOutcome } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { awaitsProofOf } from './listed-grants.js';
import { placesOfClient, providersOfClient } from './providers-of-client.js';
import { revokeConnection } from './revoke-connection.js';
import { findByAccount } from './shared-account.js';

/**
 * Revokes, unless the provider would then end all grants of an account that somebody has connected, or is about to: an
 * abandoned attempt must not break what works. Never throws.
 *
 * @returns `no` also when it was left alone
 */
export async function giveBack(deps: Dependencies, grant: Omit<Connection, 'proof'>): Promise<RevocationOutcome> {
  const reach = deps.providers.find(grant.provider)?.revocation?.reach;
  const isWide = reach === 'user' || reach === 'workspace';
  if (isWide && (await isHeld(deps, grant))) return 'no';
  return revokeConnection(deps, grant);
}

/**
 * Whether the account is held in any tenant, and under any entry with the same client: to the provider they are one.
 * `true` if that cannot be known: the store does not answer, a record cannot be opened, or the account has no id.
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
