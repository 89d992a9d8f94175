/** After a refresh that brought no tokens: what is written about the connection, and what its callers are told. */

import { type ConnectionState, nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { GrantRefused, type OAuthManagerError, ProviderError, ProviderUnavailable } from '../core/errors.js';
import type { Provider } from '../core/provider.js';
import type { RefreshIntent } from '../core/store.js';
import { about, announce } from './announce.js';
import type { Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import type { ProviderCircuits } from './provider-circuits.js';

/** How long a refused refresh token is kept, sealed, in case the provider takes its word back. */
const keepRefusedMs = 24 * 3_600_000;

/** What is known of the refresh that failed. */
export interface FailedRefresh {
  readonly deps: Dependencies;
  readonly circuits: ProviderCircuits;
  readonly provider: Provider;
  readonly seen: StoredConnection;
}

/**
 * Settles a failure. Only the exact word that the grant is over ends a connection, and only if nobody has renewed it
 * meanwhile; a lost answer is noted; an outage or a fault of ours leaves the record as it is.
 *
 * @returns the connection as it then stands, when that is the answer
 * @throws the error itself otherwise
 */
export async function settleFailure(
  failed: FailedRefresh,
  intent: RefreshIntent,
  failure: OAuthManagerError,
): Promise<Refreshed> {
  const { deps, circuits, provider, seen } = failed;
  if (failure instanceof GrantRefused) {
    circuits.succeeded(provider.id);
    return endConnection(failed, intent, failure.oauthError);
  }
  circuits.failed(provider.id, failure);
  if (maybeSpent(failure) && provider.refreshReuse !== 'none') {
    const state: ConnectionState = { kind: 'uncertain', since: intent.startedAt, attempts: intent.attempt };
    await move(failed, intent, state).catch(() => undefined);
  } else {
    await deps.store.connections.endRefresh(refOf(seen.connection), intent.holder, 'no').catch(() => undefined);
  }
  throw failure;
}

/** Whether the provider may have taken the refresh token although it gave no usable answer. A 4xx is an answer. */
function maybeSpent(failure: OAuthManagerError): boolean {
  if (failure instanceof ProviderUnavailable) return failure.reached === 'unknown';
  if (!(failure instanceof ProviderError) || failure.code === 'provider_misconfigured') return false;
  return failure.status === undefined || failure.status < 400;
}

/** Marks the connection as the user's to mend, unless somebody else has moved it on (R12). */
async function endConnection(failed: FailedRefresh, intent: RefreshIntent, error: string): Promise<Refreshed> {
  const { deps, seen } = failed;
  const since = deps.now();
  const state: ConnectionState = { kind: 'needs_reauthorization', since, keepUntil: since + keepRefusedMs, error };
  const ended = await move(failed, intent, state);
  if (ended === 'moved') {
    await deps.store.connections.endRefresh(refOf(seen.connection), intent.holder, 'unknown');
    const latest = await deps.store.connections.find(refOf(seen.connection));
    return latest === undefined ? { kind: 'gone' } : { kind: 'current', stored: latest };
  }
  const { connection } = ended;
  await announce(deps, connection.tenant, {
    type: 'connection.needs_reauthorization',
    error,
    ...about(connection, since),
  });
  return { kind: 'current', stored: ended };
}

/** Writes a new state over the very generation that was sent. */
async function move(
  failed: FailedRefresh,
  intent: RefreshIntent,
  state: ConnectionState,
): Promise<StoredConnection | 'moved'> {
  const { deps, seen } = failed;
  const now = deps.now();
  const connection = { ...seen.connection, state, updatedAt: now };
  const generation = nextGeneration(seen.generation, now);
  const ref = refOf(connection);
  const outcome = await deps.store.connections.write(
    ref.owner,
    [{ kind: 'put_connection', connection, expect: seen.generation, generation }],
    { ref, holder: intent.holder },
  );
  return outcome === 'stored' ? { connection, generation } : 'moved';
}
