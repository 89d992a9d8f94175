/** After a refresh that brought no tokens: what is written about the connection, and what its callers are told. */

import {
  type Connection,
  type ConnectionState,
  nextGeneration,
  refOf,
  type StoredConnection,
} from '../core/connection.js';
import { GrantRefused, type OAuthManagerError } from '../core/errors.js';
import type { Provider } from '../core/provider.js';
import { type LostSending, stateAfterFailure } from '../core/refresh-state.js';
import type { RefreshIntent } from '../core/store.js';
import type { TokenSet } from '../core/token-set.js';
import { about, announce } from './announce.js';
import type { Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import type { ProviderCircuits } from './provider-circuits.js';
import { scheduleNextLook } from './schedule.js';

/** What is known of the refresh that failed. */
export interface FailedRefresh {
  readonly deps: Dependencies;
  readonly circuits: ProviderCircuits;
  readonly provider: Provider;
  readonly seen: StoredConnection;
  /** An earlier sending whose answer was lost; only its intent is left. */
  readonly lost: LostSending | undefined;
}

/**
 * Settles a failure. Only the provider's clear answer that the grant is over ends a connection, and only if nobody has
 * renewed it meanwhile. A lost answer is noted. An outage or a fault of ours leaves the record as it is.
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
  const { startedAt, attempt, holder } = intent;
  if (seen.connection.state.kind === 'needs_reauthorization') return settleRefusedBefore(failed, intent, failure);
  const state = stateAfterFailure(failure, provider, { startedAt, attempt, now: deps.now() }) ?? stateBefore(failed);
  if (state?.kind === 'needs_reauthorization') {
    circuits.succeeded(provider.id, provider.place);
    return endConnection(failed, intent, state);
  }
  circuits.failed(provider.id, failure, provider.place);
  if (state !== undefined) await move(failed, intent, state).catch(() => undefined);
  else await deps.store.connections.endRefresh(refOf(seen.connection), holder, 'no').catch(() => undefined);
  throw failure;
}

/** A sending that was turned away ends its intent. That intent also recorded the lost sending, so the state must now. */
function stateBefore({ provider, lost }: FailedRefresh): ConnectionState | undefined {
  if (lost === undefined || provider.refreshReuse === 'none') return undefined;
  return { kind: 'uncertain', since: lost.since, attempts: lost.attempts };
}

/** The token was refused before and was sent once more: the record says so already, and the person was told. */
async function settleRefusedBefore(
  { deps, circuits, provider, seen }: FailedRefresh,
  { holder }: RefreshIntent,
  failure: OAuthManagerError,
): Promise<Refreshed> {
  await deps.store.connections.endRefresh(refOf(seen.connection), holder, 'no').catch(() => undefined);
  if (!(failure instanceof GrantRefused)) {
    circuits.failed(provider.id, failure, provider.place);
    throw failure;
  }
  circuits.succeeded(provider.id, provider.place);
  return { kind: 'current', stored: seen };
}

/** Marks the connection as needing the user's consent again, unless another writer has changed it meanwhile (R12). */
async function endConnection(
  failed: FailedRefresh,
  intent: RefreshIntent,
  state: Extract<ConnectionState, { kind: 'needs_reauthorization' }>,
): Promise<Refreshed> {
  const { deps, seen } = failed;
  const ended = await move(failed, intent, state);
  if (ended === 'moved') {
    const latest = await deps.store.connections.find(refOf(seen.connection));
    return latest === undefined ? { kind: 'gone' } : { kind: 'current', stored: latest };
  }
  const { connection } = ended;
  // A token without an end may not be in the index, and the refused refresh token has to be forgotten later.
  await scheduleNextLook(deps, connection, failed.provider);
  await announce(deps, connection.tenant, {
    type: 'connection.needs_reauthorization',
    error: state.error,
    ...about(connection, state.since),
  });
  return { kind: 'current', stored: ended };
}

/** Writes a new state over the generation that was sent, or over a later one that only a pause or a resume has made. */
async function move(
  failed: FailedRefresh,
  intent: RefreshIntent,
  state: ConnectionState,
): Promise<StoredConnection | 'moved'> {
  const { deps, seen } = failed;
  const ref = refOf(seen.connection);
  for (let base: StoredConnection | undefined = seen; base !== undefined && isAsSent(base, seen); ) {
    const now = deps.now();
    const connection: Connection = { ...base.connection, state, updatedAt: now };
    const generation = nextGeneration(base.generation, now);
    const outcome = await deps.store.connections.write(
      ref.owner,
      [{ kind: 'put_connection', connection, expect: base.generation, generation }],
      { ref, holder: intent.holder },
    );
    if (outcome === 'stored') return { connection, generation };
    base = await deps.store.connections.find(ref);
  }
  // Callers who find the changed connection need not wait for the lease of a refresh that is over.
  await deps.store.connections.endRefresh(ref, intent.holder, 'unknown');
  return 'moved';
}

/** Same tokens and same state: at most, the person has paused or resumed the connection. */
function isAsSent({ connection: { state, tokenSet } }: StoredConnection, { connection: sent }: StoredConnection) {
  const textsOf = ({ accessToken, refreshToken }: TokenSet) => [accessToken.reveal(), refreshToken?.reveal()];
  const isSame = textsOf(tokenSet).join('\n') === textsOf(sent.tokenSet).join('\n');
  return isSame && JSON.stringify(state) === JSON.stringify(sent.state);
}
