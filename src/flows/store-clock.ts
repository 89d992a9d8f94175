/** The time that all replicas agree on: this machine's clock, corrected by how far it is from the store's. */

import type { Log } from '../core/log.js';
import type { Store } from '../core/store.js';

const measureEveryMs = 60_000;
/** Below this a difference may be the way to the store, ms. */
const noiseMs = 1_000;
/** From here on the operator should mend the clock, ms. */
const worthAWarningMs = 30_000;

/** One process's clock. Until the first measurement, and while the store is away, it is this machine's own. */
export class StoreClock {
  readonly #local: () => number;
  #offsetMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param local epoch ms */
  constructor(local: () => number) {
    this.#local = local;
  }

  /** Epoch ms. */
  readonly now = (): number => this.#local() + this.#offsetMs;

  /** Measures now and every minute. Resolves after the first measurement, also when the store does not answer. */
  async follow(store: Pick<Store, 'now'>, log: Log): Promise<void> {
    this.#timer = setInterval(() => void this.#measure(store, log), measureEveryMs);
    this.#timer.unref();
    await this.#measure(store, log);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #measure(store: Pick<Store, 'now'>, log: Log): Promise<void> {
    const askedAt = this.#local();
    const theirs = await store.now().catch(() => undefined);
    if (theirs === undefined) return;
    const answeredAt = this.#local();
    const offsetMs = Math.round(theirs - (askedAt + answeredAt) / 2);
    this.#offsetMs = Math.abs(offsetMs) > noiseMs + (answeredAt - askedAt) ? offsetMs : 0;
    if (Math.abs(offsetMs) > worthAWarningMs) {
      log.warn({ offset_ms: offsetMs }, 'the clock of this machine is far from the store; the store counts');
    }
  }
}
