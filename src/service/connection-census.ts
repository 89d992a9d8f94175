/** Counts connections by state, for Prometheus: one process for all, little by little. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionStatus, statusOf } from '../core/connection.js';
import type { Log } from '../core/log.js';
import type { OwnerRecords, Store } from '../core/store.js';
import { FailureLog } from '../flows/failure-log.js';

/** The states of connections, plus grants that wait for a proof, and records that no key here opens. */
export type CountedState = ConnectionStatus | 'awaiting_proof' | 'unreadable';

const none: Readonly<Record<CountedState, number>> = {
  active: 0,
  paused: 0,
  expired: 0,
  reauthorization_required: 0,
  awaiting_proof: 0,
  unreadable: 0,
};

const leaseName = 'connection-census';
/** Whoever holds this lease counts; it lasts longer than the pause between two counts. */
const leaseMs = 180_000;
const renewEveryMs = 30_000;
/** How many owners are counted in one go: about 10 ms. */
const ownersAtOnce = 256;
/** It then rests for so many times as long: counting takes 5 % of one core, and 7 minutes for 1,000,000 connections. */
const restFactor = 19;

/** What a census is made of. Durations in ms. */
export interface CensusOptions {
  readonly store: Pick<Store, 'connections' | 'leases'>;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
  readonly firstPauseMs?: number;
  readonly pauseMs?: number;
}

/**
 * Counts by walking the store, since a write that somebody waits for should not pay for a figure, and a count that starts
 * from zero each time cannot drift. A scrape reads the last result.
 */
export class ConnectionCensus {
  readonly #options: CensusOptions;
  readonly #failures: FailureLog;
  readonly #holder = randomUUID();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #counts: Readonly<Record<CountedState, number>> | undefined;
  #isOurs = false;
  #renewedAt = 0;

  constructor(options: CensusOptions) {
    this.#options = options;
    this.#failures = new FailureLog({ name: 'connection census', log: options.log });
  }

  /** The last result; `undefined` if another process counts, or no count is complete yet. */
  get counts(): Readonly<Record<CountedState, number>> | undefined {
    return this.#counts;
  }

  /** Starts; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends a count that is under way; another process may count then. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#isOurs) await this.#options.store.leases.release(leaseName, this.#holder).catch(() => undefined);
  }

  /** One count, if no other process counts. @throws {StoreUnavailable} the last result stays */
  async round(): Promise<void> {
    const { connections, leases } = this.#options.store;
    this.#isOurs =
      (await leases.renew(leaseName, this.#holder, leaseMs)) ||
      (await leases.acquire(leaseName, this.#holder, leaseMs));
    this.#renewedAt = performance.now();
    const counts = { ...none };
    const isWhole = this.#isOurs && (await this.#countAll(connections.walk(), counts));
    if (!this.#stop.signal.aborted) this.#counts = isWhole ? counts : undefined;
  }

  async #run(): Promise<void> {
    const { firstPauseMs = 10_000, pauseMs = 60_000 } = this.#options;
    const { signal } = this.#stop;
    await pause(firstPauseMs, signal);
    while (!signal.aborted) {
      await this.#failures.attempt(() => this.round());
      await pause(pauseMs, signal);
    }
  }

  /** Answers whether it was completed. */
  async #countAll(owners: AsyncIterable<OwnerRecords>, counts: Record<CountedState, number>): Promise<boolean> {
    let begunAt = performance.now();
    let met = 0;
    for await (const owner of owners) {
      add(counts, owner, this.#options.now());
      if (++met % ownersAtOnce > 0) continue;
      await pause((performance.now() - begunAt) * restFactor, this.#stop.signal);
      if (this.#stop.signal.aborted || !(await this.#keepLease())) return false;
      begunAt = performance.now();
    }
    return true;
  }

  async #keepLease(): Promise<boolean> {
    if (performance.now() - this.#renewedAt < renewEveryMs) return true;
    this.#renewedAt = performance.now();
    return this.#options.store.leases.renew(leaseName, this.#holder, leaseMs);
  }
}

function add(counts: Record<CountedState, number>, { connections, awaiting, unreadable }: OwnerRecords, now: number) {
  for (const { connection } of connections) counts[statusOf(connection, now)] += 1;
  counts.awaiting_proof += awaiting.length;
  counts.unreadable += unreadable.length;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
