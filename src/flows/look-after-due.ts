/** The background worker over the due index: refreshes ahead of callers. */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { DueClaim, DueEntry } from '../core/store.js';
import type { Dependencies } from './dependencies.js';
import { warnOfEnd } from './grant-end-warning.js';
import { findProvider } from './provider-of.js';
import type { RefreshFlights } from './refresh-flights.js';
import type { RefreshPace } from './refresh-pace.js';
import { forgetRefused } from './refused-grants.js';
import { Rounds } from './rounds.js';
import { forgetsAt, nextLook, whyRefreshNow } from './schedule.js';

const batch = 100;
/** How many entries may wait for their turn. Not more: what waits long leaves V8's young heap and costs more. */
const mostWaiting = 2 * batch;
/** A claimed entry that nobody settled comes up again after this. */
const claimMs = 60_000;
const idlePauseMs = 2_000;
/** After a refresh that failed, before the next try; callers try earlier on their own. */
const retryMs = 60_000;

/** What the worker works with. */
export interface DueDesk {
  readonly deps: Dependencies;
  readonly flights: RefreshFlights;
  readonly pace: RefreshPace;
}

type Stored = DueEntry['stored'] & object;

/** Claims and works until stopped. Any number of processes may run it at once. */
export class DueWorker {
  readonly #desk: DueDesk;
  readonly #mostAtOnce: number;
  readonly #rounds: Rounds;
  readonly #stop = new AbortController();
  readonly #working = new Map<DueEntry, Promise<void>>();
  /** Wakes whoever waits for room for another batch. */
  #onRoom = () => {};

  constructor(desk: DueDesk) {
    this.#desk = desk;
    this.#rounds = new Rounds({ name: 'due refreshes', log: desk.deps.log }, () => this.#claimAndMakeRoom());
    this.#mostAtOnce = mostWaiting + (desk.deps.settings.refreshAhead?.concurrency ?? 0);
    // As many listen as entries wait for their turn.
    setMaxListeners(this.#mostAtOnce, this.#stop.signal);
  }

  /** Begins; a second call changes nothing. */
  start(): void {
    this.#rounds.start();
  }

  /** Claims nothing more; resolves when what was begun is finished. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#rounds.stop();
    await Promise.all(this.#working.values());
  }

  /** Claims, and waits until there is room for the next batch; answers how long to pause before it, ms. */
  async #claimAndMakeRoom(): Promise<number> {
    const { deps } = this.#desk;
    const entries = await deps.store.due.claim(deps.now(), batch, claimMs);
    for (const entry of entries) this.#working.set(entry, this.#handle(entry));
    if (!this.#hasRoom()) await new Promise<void>((resolve) => (this.#onRoom = resolve));
    return entries.length === batch ? 0 : idlePauseMs;
  }

  #hasRoom(): boolean {
    return this.#working.size <= this.#mostAtOnce - batch;
  }

  async #handle(entry: DueEntry): Promise<void> {
    const { deps } = this.#desk;
    try {
      if (entry.stored === undefined) await deps.store.due.settle(entry, 'remove');
      else await this.#lookAfter(entry, entry.stored);
    } catch (error) {
      deps.log.debug({ code: codeOf(error) }, 'a due entry is tried again later');
      await this.#putOff(entry, retryMs).catch(() => undefined);
    } finally {
      this.#working.delete(entry);
      if (this.#hasRoom()) this.#onRoom();
    }
  }

  async #lookAfter(claim: DueClaim, seen: Stored): Promise<void> {
    const { deps } = this.#desk;
    const configured = await findProvider(deps, seen.connection.provider);
    if (configured === undefined) return this.#putOff(claim, retryMs);
    const provider = withParameters(configured, seen.connection.parameters);
    await warnOfEnd(deps, provider, seen.connection);
    const bufferMs = provider.refreshBufferMs ?? deps.settings.refreshBufferMs;
    const why = whyRefreshNow(seen.connection, { provider, bufferMs, now: deps.now() });
    if (why !== undefined) return this.#refreshInTurn(claim, { provider, seen, renew: why === 'idle' });
    const next = nextLook(seen.connection, { provider, bufferMs, now: deps.now() });
    const isForgotten = next === undefined && forgetsAt(seen.connection, provider) !== undefined;
    // `moved`: a new connection of the same name may be in the index by now.
    if (isForgotten && (await forgetRefused(deps, seen)) === 'moved') return this.#putOff(claim, retryMs);
    await deps.store.due.settle(claim, next ?? 'remove');
  }

  /** Waits for its turn at the provider. If that is far away, the entry goes back into the index. */
  async #refreshInTurn(claim: DueClaim, order: { provider: Provider; seen: Stored; renew: boolean }): Promise<void> {
    const { pace } = this.#desk;
    const { id } = order.provider;
    const { waitMs, booked } = pace.book(id);
    if (!booked) return this.#putOff(claim, waitMs);
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    await pace.enter(id);
    try {
      if (this.#stop.signal.aborted) await this.#putOff(claim, 0);
      else await this.#refresh(claim, order);
    } finally {
      pace.leave(id);
    }
  }

  /** A refresh that brought tokens, or the end, schedules the next look itself. */
  async #refresh(claim: DueClaim, { provider, seen, renew }: { provider: Provider; seen: Stored; renew: boolean }) {
    const { deps, flights } = this.#desk;
    const wish = { now: deps.now(), bufferMs: Number.MAX_SAFE_INTEGER, renew };
    const result = await flights.refresh({ provider, seen, wish, ahead: true });
    const untouched = result.kind === 'current' && result.stored.generation === seen.generation;
    // What is gone may have been connected again meanwhile; the next look finds out.
    if (result.kind === 'gone' || untouched) await this.#putOff(claim, retryMs);
  }

  /** By a little more or less, so that entries that failed together do not come back together. */
  async #putOff(claim: DueClaim, ms: number): Promise<void> {
    const { deps } = this.#desk;
    await deps.store.due.settle(claim, Math.floor(deps.now() + ms * (0.75 + Math.random() / 2)));
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
