/** Tells the log of work that fails again and again: when it begins to fail, and when it fails in another way. */

import { OAuthManagerError } from '../core/errors.js';
import type { Log } from '../core/log.js';

/** What works, as the log names it, and where its failures are told. */
export interface Worker {
  readonly name: string;
  readonly log: Log;
}

/** Of failures in a row the first is logged, and each that is of another kind than the one before. */
export class FailureLog {
  readonly #worker: Worker;
  #failure: string | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** What the work answers; `undefined` when it failed. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await work();
      this.#failure = undefined;
      return answer;
    } catch (error) {
      const { name: worker, log } = this.#worker;
      const failure = kindOf(error);
      if (failure !== this.#failure) log.warn({ worker, failure }, 'background work failed; it is tried again');
      this.#failure = failure;
      return undefined;
    }
  }
}

/** The message may hold anything, so it is not logged. */
function kindOf(error: unknown): string {
  if (error instanceof OAuthManagerError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
