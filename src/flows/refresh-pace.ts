/** How fast one process refreshes ahead: so many at a time and a second per provider, and callers' refreshes first. */

import type { ProviderId } from '../core/identifiers.js';
import { neverBack } from './never-back.js';

/** What one process may do ahead, per provider. A rate of 0 is no limit. */
export interface PaceLimits {
  readonly concurrency: number;
  readonly perSecond: number;
}

interface Lane {
  /** Refreshes ahead that are under way. */
  ahead: number;
  /** Refreshes that callers wait for. */
  asked: number;
  /** When the next one may start, ms. */
  nextAt: number;
  readonly waiting: (() => void)[];
}

/** An entry that would wait longer than this goes back into the index, ms. */
const longestWaitMs = 20_000;

/** Lets refreshes ahead through one by one. Those that callers wait for only report that they are there. */
export class RefreshPace {
  readonly #lanes = new Map<ProviderId, Lane>();
  readonly #limits: PaceLimits;
  readonly #now: () => number;

  /** @param now ms, steady or not */
  constructor(limits: PaceLimits, now: () => number) {
    this.#limits = limits;
    this.#now = neverBack(now);
  }

  /** A caller's refresh begins; what is done ahead makes room for it. */
  began(provider: ProviderId): void {
    this.#lane(provider).asked += 1;
  }

  ended(provider: ProviderId): void {
    const lane = this.#lane(provider);
    lane.asked -= 1;
    this.#admit(lane);
  }

  /**
   * Books a start by the rate.
   *
   * @returns ms to wait until then; a booking further away than 20 s is not made, and the answer is that distance
   */
  book(provider: ProviderId): { readonly waitMs: number; readonly booked: boolean } {
    if (this.#limits.perSecond === 0) return { waitMs: 0, booked: true };
    const lane = this.#lane(provider);
    const now = this.#now();
    const at = Math.max(now, lane.nextAt);
    if (at - now > longestWaitMs) return { waitMs: at - now, booked: false };
    lane.nextAt = at + 1_000 / this.#limits.perSecond;
    return { waitMs: at - now, booked: true };
  }

  /** Resolves when there is room for one more at a time. Must be followed by {@link leave}. */
  enter(provider: ProviderId): Promise<void> {
    const lane = this.#lane(provider);
    if (lane.waiting.length > 0 || !this.#hasRoom(lane)) return new Promise((resolve) => lane.waiting.push(resolve));
    lane.ahead += 1;
    return Promise.resolve();
  }

  leave(provider: ProviderId): void {
    const lane = this.#lane(provider);
    lane.ahead -= 1;
    this.#admit(lane);
  }

  #admit(lane: Lane): void {
    while (lane.waiting.length > 0 && this.#hasRoom(lane)) {
      lane.ahead += 1;
      lane.waiting.shift()?.();
    }
  }

  /** There is always room for one: a steady stream of callers must not stop refreshing ahead for good. */
  #hasRoom({ ahead, asked }: Lane): boolean {
    return ahead < Math.max(1, this.#limits.concurrency - asked);
  }

  #lane(provider: ProviderId): Lane {
    const known = this.#lanes.get(provider);
    if (known !== undefined) return known;
    const lane: Lane = { ahead: 0, asked: 0, nextAt: 0, waiting: [] };
    this.#lanes.set(provider, lane);
    return lane;
  }
}
