/**
 * Refreshes a connection: one flight per connection in this process, one lease over all processes, an intent in the
 * store before the refresh token leaves, and a compare-and-set on the generation that was sent.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { refOf, type StoredConnection } from '../core/connection.js';
import { OAuthManagerError, ProviderUnavailable } from '../core/errors.js';
import { ownerKeyOf } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import { assess, type LostSending, type Wish } from '../core/refresh-state.js';
import type { RefreshIntent } from '../core/store.js';
import { refreshTokens } from '../protocol/token-endpoint.js';
import { commitRefreshed, type Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import type { ProviderCircuits } from './provider-circuits.js';
import { settleFailure } from './settle-failure.js';

/** A lease is short so that a killed holder is noticed; a living one renews it. */
const leaseMs = 6_000;
const renewEveryMs = 2_000;
/** Between looks at the record while another process refreshes. */
const lookEveryMs = 25;
/** Beyond the request's own deadline, until its answer counts as lost. */
const deadlineMarginMs = 5_000;

/** A connection to refresh: as it was read, where it came from, and what its caller wants. */
export interface RefreshOrder {
  readonly provider: Provider;
  readonly seen: StoredConnection;
  readonly wish: Wish;
}

/** The flights of one process. Callers of one connection share one; nobody's leaving ends it. */
export class RefreshFlights {
  readonly #flights = new Map<string, Promise<Refreshed>>();
  readonly #deps: Dependencies;
  readonly #circuits: ProviderCircuits;

  constructor(deps: Dependencies, circuits: ProviderCircuits) {
    this.#deps = deps;
    this.#circuits = circuits;
  }

  /**
   * Refreshes, or waits for whoever already does.
   *
   * @returns the connection as it then stands: refreshed, or ended, or as it was when sending again would be unsafe
   * @throws {ProviderUnavailable} no usable answer, or another process has not finished in time
   * @throws {ProviderError} the provider refuses our configuration, or answered wrongly
   * @throws {StoreUnavailable} nothing was sent
   */
  refresh(order: RefreshOrder): Promise<Refreshed> {
    const { owner, provider, account } = refOf(order.seen.connection);
    const key = JSON.stringify([ownerKeyOf(owner), provider, account]);
    const running = this.#flights.get(key);
    if (running !== undefined) return running;
    const flight = fly({ deps: this.#deps, circuits: this.#circuits, ...order }).finally(() =>
      this.#flights.delete(key),
    );
    this.#flights.set(key, flight);
    return flight;
  }

  /** Resolves when every running flight has ended, however it ended. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
  }
}

interface Flight extends RefreshOrder {
  readonly deps: Dependencies;
  readonly circuits: ProviderCircuits;
}

/** Looks, locks and looks again until this process may send, or somebody else has done it. */
async function fly(flight: Flight): Promise<Refreshed> {
  const { deps, seen } = flight;
  flight.circuits.check(flight.provider.id);
  const ref = refOf(seen.connection);
  const holder = randomUUID();
  const giveUpAt = deps.now() + deps.settings.requestDeadlineMs + deadlineMarginMs;
  for (;;) {
    const result = await takeTurn(flight, holder);
    if (result !== 'wait') return result;
    if (deps.now() >= giveUpAt) {
      const { id } = flight.provider;
      throw new ProviderUnavailable('Another process has not finished its refresh in time.', {
        provider: id,
        reached: 'no',
      });
    }
    await sleep(lookEveryMs * (1 + Math.random()));
    const latest = await deps.store.connections.find(ref);
    if (latest === undefined) return { kind: 'gone' };
    if (latest.generation !== seen.generation) return { kind: 'current', stored: latest };
  }
}

/** One try to get the lease; whoever gets it weighs what an earlier holder left, and sends. */
async function takeTurn(flight: Flight, holder: string): Promise<Refreshed | 'wait'> {
  const { deps, seen, provider, wish } = flight;
  const ref = refOf(seen.connection);
  const verdict = assess(seen.connection, provider, { ...wish, now: deps.now() });
  if (verdict.kind !== 'refresh') return { kind: 'current', stored: seen };
  const intent = newIntent(deps, seen, { holder, attempt: verdict.attempt });
  const begun = await deps.store.connections.beginRefresh(ref, intent, { ms: leaseMs });
  if (begun.kind !== 'begun') return 'wait';
  if (begun.previous === undefined) return send(flight, intent);

  const again = assess(seen.connection, provider, { ...wish, now: deps.now() }, lostSending(begun.previous));
  if (again.kind === 'refresh') {
    const weighed = newIntent(deps, seen, { holder, attempt: again.attempt });
    const replaced = await deps.store.connections.beginRefresh(ref, weighed, { ms: leaseMs, replaces: true });
    return replaced.kind === 'begun' ? send(flight, weighed) : 'wait';
  }
  await deps.store.connections.endRefresh(ref, holder, 'unknown');
  return again.kind === 'wait' && !again.live ? 'wait' : { kind: 'current', stored: seen };
}

/** Sends the refresh token once, keeping the lease meanwhile, and sees to whatever comes of it. */
async function send(flight: Flight, intent: RefreshIntent): Promise<Refreshed> {
  const { deps, circuits, provider, seen } = flight;
  const release = keepLease(flight, intent.holder);
  try {
    circuits.enter(provider.id);
    const answer = await refreshTokens(provider, seen.connection.tokenSet, deps.http);
    circuits.succeeded(provider.id);
    return await commitRefreshed(deps, { provider, sent: seen, answer, holder: intent.holder });
  } catch (error) {
    if (!(error instanceof OAuthManagerError)) throw error;
    return await settleFailure(flight, intent, error);
  } finally {
    release();
  }
}

/** Prolongs the lease until told otherwise. Losing it is no harm: it saves traffic, the generation decides. */
function keepLease(flight: Flight, holder: string): () => void {
  const ref = refOf(flight.seen.connection);
  const timer = setInterval(() => {
    flight.deps.store.connections.renewRefresh(ref, holder, leaseMs).catch(() => {
      flight.deps.log.warn({ provider: flight.provider.id }, 'a refresh lease could not be renewed');
    });
  }, renewEveryMs);
  return () => clearInterval(timer);
}

function newIntent(deps: Dependencies, seen: StoredConnection, by: { holder: string; attempt: number }): RefreshIntent {
  const startedAt = deps.now();
  const deadline = startedAt + deps.settings.requestDeadlineMs + deadlineMarginMs;
  return { generation: seen.generation, startedAt, deadline, ...by };
}

function lostSending(previous: RefreshIntent): LostSending {
  return { since: previous.startedAt, attempts: previous.attempt, deadline: previous.deadline };
}
