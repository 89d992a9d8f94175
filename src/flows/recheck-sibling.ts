/** Finds out what became of a connection when something else says that it may have ended at its provider. */

import { nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { OAuthManagerError, ProviderError } from '../core/errors.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import { isRefreshable } from '../core/token-set.js';
import { fetchIdentity } from '../protocol/identity.js';
import { about, announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import type { TokenDesk } from './get-token.js';
import { findProvider, httpOf } from './provider-of.js';

/** `unknown`: the provider could not be asked, or gave no clear answer; the record is as it was. */
export type SiblingFate = 'ended' | 'alive' | 'unknown';

/**
 * Refreshes the connection once, as if its token had been refused: only the provider's answer ends it. A connection
 * without a refresh token ends if the provider has confirmed that it ended all grants of that account. The record stays
 * in either case, so that the person can connect again. What cannot be found out is not an error.
 *
 * @param isConfirmed the provider itself said that the authorization of this account has ended. That may be an old
 *   message, delivered again, so the access token is tried first
 */
export async function recheckSibling(
  { deps, flights }: Pick<TokenDesk, 'deps' | 'flights'>,
  seen: StoredConnection,
  isConfirmed = false,
): Promise<SiblingFate> {
  try {
    const configured = await findProvider(deps, seen.connection.provider);
    if (configured === undefined) return 'unknown';
    const provider = withParameters(configured, seen.connection.parameters);
    if (!isRefreshable(seen.connection.tokenSet, deps.now())) {
      if (isConfirmed && (await isHonoured(deps, provider, seen))) return 'alive';
      // Of a workspace nobody knows which connections belong together, so nothing follows.
      return isConfirmed || provider.revocation?.reach === 'user' ? await endUnasked(deps, seen) : 'unknown';
    }
    const wish = { now: deps.now(), bufferMs: 0, rejected: true };
    const result = await flights.refresh({ provider, seen, wish });
    if (result.kind === 'gone' || result.stored.generation === seen.generation) return 'unknown';
    if (result.stored.connection.state.kind !== 'needs_reauthorization') return 'alive';
    await forgetAccessToken(deps, result.stored);
    return 'ended';
  } catch (error) {
    if (!(error instanceof OAuthManagerError)) throw error;
    deps.log.warn({ provider: seen.connection.provider, code: error.code }, 'a sibling could not be checked');
    return 'unknown';
  }
}

/** Whether the provider still says whose the access token is. `false` as well where it has no way to ask. */
async function isHonoured(deps: Dependencies, provider: Provider, { connection }: StoredConnection): Promise<boolean> {
  try {
    return (await fetchIdentity(provider, connection.tokenSet, httpOf(deps, provider))) !== undefined;
  } catch (error) {
    if (error instanceof ProviderError) return false;
    throw error;
  }
}

async function endUnasked(deps: Dependencies, seen: StoredConnection): Promise<SiblingFate> {
  const since = deps.now();
  const error = 'revoked';
  const state = { kind: 'needs_reauthorization', since, keepUntil: since, error } as const;
  const ended = { ...seen, connection: { ...seen.connection, state } };
  if (!(await forgetAccessToken(deps, ended))) return 'unknown';
  const { connection } = ended;
  const event = { type: 'connection.needs_reauthorization', error, ...about(connection, since) } as const;
  await announce(deps, connection.tenant, event);
  return 'ended';
}

/** Sets the end of the access token to now, so that it is not handed out any more; its text stays in the sealed record. */
async function forgetAccessToken(deps: Dependencies, stored: StoredConnection): Promise<boolean> {
  const now = deps.now();
  const { tokenSet } = stored.connection;
  const expiresAt = Math.min(tokenSet.expiresAt ?? now, now);
  const connection = { ...stored.connection, tokenSet: { ...tokenSet, expiresAt }, updatedAt: now };
  const generation = nextGeneration(stored.generation, now);
  const put = { kind: 'put_connection', connection, expect: stored.generation, generation } as const;
  return (await deps.store.connections.write(refOf(connection).owner, [put])) === 'stored';
}
