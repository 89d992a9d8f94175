/** Remembers what records held when they were opened, so that one that has not changed is not opened again. */

import type { OwnerKey } from '../core/identifiers.js';
import { RecentMap } from '../core/recent-map.js';
import type { Fingerprint } from './fingerprint.js';

/** What is not read for this long is forgotten, up to twice as long, ms: an idle process holds no tokens. */
const forgetAfterMs = 60_000;

/** A record as it was opened: whose it is, the fingerprint of the bytes that it lay in, and what it held. */
export interface Opened<T> extends Fingerprint {
  readonly owner: OwnerKey;
  readonly value: T;
}

/**
 * Opened records by name, bounded in number and in time. It never answers instead of the store: what is found here is
 * shown to the engine, and holds only if the engine answers that it has the very same bytes.
 * Opening takes about 8 µs, comparing the bytes 0.15.
 */
export class OpenedRecords<T> {
  readonly #most: number;
  readonly #records: RecentMap<string, Opened<T>>;
  #timer: NodeJS.Timeout | undefined;

  /** @param most how many records are kept at least, if they are read; at most twice as many. 0 keeps none */
  constructor(most: number) {
    this.#most = most;
    this.#records = new RecentMap(most);
  }

  /** What was opened last; `undefined` when nothing is remembered. */
  find(name: string): Opened<T> | undefined {
    return this.#records.get(name);
  }

  /** Remembers; another record of the same name is forgotten. */
  remember(name: string, opened: Opened<T>): void {
    if (this.#most === 0) return;
    this.#records.delete(name);
    this.#records.set(name, opened);
    this.#timer ??= setInterval(() => this.#age(), forgetAfterMs).unref();
  }

  /** To be told when a record is gone or replaced. */
  forget(name: string): void {
    this.#records.delete(name);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#records.size;
  }

  #age(): void {
    this.#records.age();
    if (this.#records.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
