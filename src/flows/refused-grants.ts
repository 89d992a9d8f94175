/** What becomes of grants that their provider has refused: kept for a day, sent again if the operator asks, then forgotten. */

import { setTimeout as sleep } from 'node:timers/promises';
import { nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { OAuthManagerError } from '../core/errors.js';
import type { Owner, ProviderId, TenantId } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import { isKeptAfterRefusal } from '../core/refresh-state.js';
import type { WriteOutcome } from '../core/store.js';
import type { Dependencies } from './dependencies.js';
import { findProvider } from './provider-of.js';
import type { RefreshFlights } from './refresh-flights.js';
import type { RefreshPace } from './refresh-pace.js';

/** Which refused grants are sent again; what is absent limits nothing. */
export interface RefusedWish {
  /** Those of one user alone. */
  readonly owner?: Owner | undefined;
  readonly tenant?: TenantId | undefined;
  readonly provider?: ProviderId | undefined;
  /** Only counts them, sends nothing. */
  readonly dryRun?: boolean | undefined;
  /** Ends the run: those that were sent are finished, no other is begun. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((report: RefusedReport) => void) | undefined;
}

/** What came of it, in connections. */
export interface RefusedReport {
  /** Refused by their provider, and kept. One that is disconnected meanwhile is in none of the other numbers. */
  readonly found: number;
  /** Work again. */
  readonly revived: number;
  /** Refused again. */
  readonly refused: number;
  /** Undecided, by the code of the error: they may be sent again later. */
  readonly failed: Readonly<Record<string, number>>;
}

/** What sends them. */
export interface RefusedDesk {
  readonly deps: Dependencies;
  readonly flights: RefreshFlights;
  readonly pace: RefreshPace;
}

type Fate = 'revived' | 'refused' | { readonly failed: string };

/**
 * Sends refused refresh tokens once more, for refusals that were a mistake: another app's client id in the configuration,
 * or a provider that refused everybody. A connection that is refused again stays as it is, without another event.
 *
 * Never more at a time, or per second, than are refreshed ahead.
 *
 * @throws {StoreUnavailable} the store cannot be read; what was sent is stored
 */
export async function retryRefused(desk: RefusedDesk, wish: RefusedWish): Promise<RefusedReport> {
  const counts = { found: 0, revived: 0, refused: 0 };
  const failed: Record<string, number> = {};
  const refused = listRefused(desk.deps, wish);
  const work = async () => {
    for await (const stored of refused) {
      if (wish.signal?.aborted) return;
      counts.found += 1;
      const fate = wish.dryRun ? undefined : await sendAgain(desk, stored);
      if (typeof fate === 'string') counts[fate] += 1;
      else if (fate !== undefined) failed[fate.failed] = (failed[fate.failed] ?? 0) + 1;
      wish.onProgress?.({ ...counts, failed });
    }
  };
  const atOnce = desk.deps.settings.refreshAhead?.concurrency ?? 1;
  await Promise.all(Array.from({ length: atOnce }, work));
  return { ...counts, failed };
}

async function* listRefused(deps: Dependencies, wish: RefusedWish): AsyncGenerator<StoredConnection> {
  const { owner, tenant, provider } = wish;
  const all = owner ? [await deps.store.connections.list(owner)] : deps.store.connections.walk();
  for await (const { connections } of all) {
    for (const stored of connections) {
      const { connection } = stored;
      if (tenant !== undefined && connection.tenant !== tenant) continue;
      if (provider !== undefined && connection.provider !== provider) continue;
      if (isKeptAfterRefusal(connection, deps.now())) yield stored;
    }
  }
}

async function sendAgain({ deps, flights, pace }: RefusedDesk, seen: StoredConnection): Promise<Fate | undefined> {
  try {
    const configured = await findProvider(deps, seen.connection.provider);
    if (configured === undefined) return { failed: 'unknown_provider' };
    const provider = withParameters(configured, seen.connection.parameters);
    await takeTurn(pace, provider);
    const wish = { now: deps.now(), bufferMs: 0, renew: true, despiteRefusal: true };
    const result = await flights.refresh({ provider, seen, wish, ahead: true });
    if (result.kind === 'gone') return undefined;
    return result.stored.connection.state.kind === 'needs_reauthorization' ? 'refused' : 'revived';
  } catch (error) {
    if (!(error instanceof OAuthManagerError)) throw error;
    return { failed: error.code };
  }
}

/** Keeps to the rate. How many there are at a time is the business of {@link retryRefused}. */
async function takeTurn(pace: RefreshPace, { id }: Provider): Promise<void> {
  for (;;) {
    const { waitMs, booked } = pace.book(id);
    if (waitMs > 0) await sleep(waitMs);
    if (booked) return;
  }
}

/**
 * Forgets a refused refresh token; the connection stays, so that the person can connect again.
 * `moved`: another writer came first.
 */
export async function forgetRefused(
  deps: Dependencies,
  { connection, generation }: StoredConnection,
): Promise<WriteOutcome> {
  const now = deps.now();
  const { refreshToken: _, ...tokenSet } = connection.tokenSet;
  const next = { ...connection, tokenSet, updatedAt: now };
  const put = { kind: 'put_connection', connection: next, expect: generation } as const;
  const { owner } = refOf(connection);
  return deps.store.connections.write(owner, [{ ...put, generation: nextGeneration(generation, now) }]);
}
