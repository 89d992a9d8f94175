/** Whether others hold the same token: some providers give one to all who connect the same workspace (Slack's bots). */

import type { Connection } from '../core/connection.js';
import type { ProviderId } from '../core/identifiers.js';
import type { TokenSet } from '../core/token-set.js';
import type { Dependencies } from './dependencies.js';
import { createGrantList } from './listed-grants.js';
import { placesOfClient, providersOfClient } from './providers-of-client.js';
import { findByWorkspace } from './shared-account.js';

/** A connection that is no longer stored, and whose tokens are about to be revoked. */
type Removed = Pick<Connection, 'provider' | 'tokenSet' | 'parameters'>;

/**
 * Whether a connection, or a grant that may still be proven, has one of these tokens. Also `true` when that cannot be known
 * because the store does not answer or a record cannot be opened.
 */
export async function isTokenHeld(deps: Dependencies, removed: Removed): Promise<boolean> {
  const { provider, parameters, tokenSet } = removed;
  if (!deps.providers.find(provider)?.sharedChain) return false;
  const isSame = ({ connection }: { readonly connection: Removed }) => sharesToken(connection.tokenSet, tokenSet);
  try {
    // Grants first: one that is proven in between is then found among the connections.
    if ((await findAwaiting(deps, providersOfClient(deps, provider))).some(isSame)) return true;
    for (const place of await placesOfClient(deps, provider)) {
      if ((await findByWorkspace(deps, { ...place, parameters })).some(isSame)) return true;
    }
    return false;
  } catch {
    return true;
  }
}

/** Every grant at these providers that waits for its proof. @throws what keeps one from being read */
async function findAwaiting(deps: Dependencies, providers: readonly ProviderId[]) {
  const found = [];
  for (const { owner, connectId, provider } of await createGrantList(deps).read()) {
    if (provider === undefined || !providers.includes(provider)) continue;
    const { awaiting, unreadable } = await deps.store.connections.list(owner);
    if (unreadable[0] !== undefined) throw unreadable[0].error;
    found.push(...awaiting.filter((grant) => grant.connectId === connectId).map(({ grant }) => grant));
  }
  return found;
}

function sharesToken(one: TokenSet, other: TokenSet): boolean {
  const textsOf = ({ accessToken, refreshToken }: TokenSet) => [accessToken.reveal(), refreshToken?.reveal()];
  const texts = new Set(textsOf(other));
  texts.delete(undefined);
  return textsOf(one).some((text) => texts.has(text));
}
