/** The background worker over the due index: refreshes ahead of callers, and ends grants that nobody proved. */

import { setTimeout as sleep } from 'node:timers/promises';
import { withParameters } from '../core/provider.js';
import type { DueEntry } from '../core/store.js';
import type { Dependencies } from './dependencies.js';
import { endGrant } from './end-grant.js';
import { findProvider } from './provider-of.js';
import type { RefreshFlights } from './refresh.js';

const batch = 50;
/** A claimed entry that nobody settled comes up again after this. */
const claimMs = 60_000;
const idlePauseMs = 2_000;
const failurePauseMs = 10_000;
/** After a refresh that failed, before the next try; callers try earlier on their own. */
const retryMs = 60_000;

/** Claims and works until stopped. Any number of processes may run it at once. */
export class DueWorker {
  readonly #deps: Dependencies;
  readonly #flights: RefreshFlights;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: Dependencies, flights: RefreshFlights) {
    this.#deps = deps;
    this.#flights = flights;
  }

  /** Begins; a second call changes nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Claims nothing more; resolves when what was begun is finished. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** One round: what is due now, up to a batch. Answers how many entries there were. */
  async round(): Promise<number> {
    const entries = await this.#deps.store.due.claim(this.#deps.now(), batch, claimMs);
    await Promise.all(entries.map((entry) => this.#handle(entry)));
    return entries.length;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const pause = await this.round().then(
        (count) => (count === batch ? 0 : idlePauseMs),
        () => failurePauseMs,
      );
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #handle(entry: DueEntry): Promise<void> {
    try {
      if (entry.stored === undefined) await this.#deps.store.due.settle(entry.member, 'remove');
      else if (entry.kind === 'grant') await endGrant(this.#deps, entry.stored, 'expired');
      else await this.#refresh(entry.member, entry.stored);
    } catch (error) {
      this.#deps.log.debug({ kind: entry.kind, code: codeOf(error) }, 'a due entry is tried again later');
      await this.#deps.store.due.settle(entry.member, this.#deps.now() + retryMs).catch(() => undefined);
    }
  }

  /** A successful refresh schedules the next one itself. */
  async #refresh(member: string, seen: Extract<DueEntry, { kind: 'refresh' }>['stored'] & object): Promise<void> {
    const configured = await findProvider(this.#deps, seen.connection.provider);
    if (configured === undefined) return this.#deps.store.due.settle(member, this.#deps.now() + retryMs);
    const provider = withParameters(configured, seen.connection.parameters);
    const bufferMs = Number.MAX_SAFE_INTEGER;
    const result = await this.#flights.refresh({ provider, seen, wish: { now: this.#deps.now(), bufferMs } });
    const untouched = result.kind === 'current' && result.stored.generation === seen.generation;
    if (result.kind === 'gone' || isEnded(result)) await this.#deps.store.due.settle(member, 'remove');
    else if (untouched) await this.#deps.store.due.settle(member, this.#deps.now() + retryMs);
  }
}

function isEnded(result: Awaited<ReturnType<RefreshFlights['refresh']>>): boolean {
  return result.kind === 'current' && result.stored.connection.state.kind === 'needs_reauthorization';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
