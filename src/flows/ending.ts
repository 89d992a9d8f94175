/** How the work of a process ends: for how long the store is still offered what it refuses, and what became of that. */

import { StoreUnavailable } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { UnderWay } from './under-way.js';

/** Orchestrators commonly give a process ten seconds in all, and the rest of the end takes some of them. */
const offersForMs = 5_000;

/** The end of one process, begun or not. */
export class Ending {
  #endsAt = Number.POSITIVE_INFINITY;
  #spooled = 0;
  #lost = 0;
  readonly #unheeded = new UnderWay();

  /** Does what must be finished although nobody may be waiting for it any more. */
  finish<Done>(work: () => Promise<Done>): Promise<Done> {
    this.#unheeded.begin();
    return this.#unheeded.until(work);
  }

  /** Resolves when all of that has ended, however it ended. */
  finished(): Promise<void> {
    return this.#unheeded.ended();
  }

  /** From now on answers are offered to the store for five seconds more. A second call changes nothing. */
  begin(): void {
    this.#endsAt = Math.min(this.#endsAt, performance.now() + offersForMs);
  }

  /** For how long an answer that the store has refused is still offered to it, ms; not at all from 0 on. */
  get leftMs(): number {
    return this.#endsAt - performance.now();
  }

  /** Notes an answer that is offered no more, and whether it lies on disk for the next start. */
  leave(where: 'spooled' | 'lost'): void {
    if (where === 'spooled') this.#spooled += 1;
    else this.#lost += 1;
  }

  /**
   * Says what was left behind, once everything has ended.
   *
   * @throws {StoreUnavailable} grants were lost: their refresh tokens are spent, and what replaced them is nowhere
   */
  tell(log: Pick<Log, 'warn' | 'error'>): void {
    const [spooled, lost] = [this.#spooled, this.#lost];
    if (spooled > 0) log.warn({ spooled }, 'refreshed token sets are left in the spool; the next start stores them');
    if (lost === 0) return;
    log.error({ lost }, 'refreshed token sets are lost: neither the store nor a spool took them');
    throw new StoreUnavailable(`Neither the store nor a spool took what was refreshed: ${lost} grants are lost.`, 'no');
  }
}
