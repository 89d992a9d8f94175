/** A worker that looks again and again until it is stopped. */

import { setTimeout as sleep } from 'node:timers/promises';
import { OAuthManagerError } from '../core/errors.js';
import type { Log } from './dependencies.js';

/** After a round that failed, ms; doubles with each that fails after it. A store that was away for a moment is found at once. */
const firstFailurePauseMs = 1_000;
const longestFailurePauseMs = 10_000;

/** Waits so many ms, or until the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const pauseByClock: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/** What works, as the log names it, and where its failures are told. */
export interface Worker {
  readonly name: string;
  readonly log: Log;
}

/**
 * One round after the other; each answers how many ms the pause after it takes, and one that fails has a pause of its own.
 * Of failures in a row the first is logged, and each that is of another kind than the one before.
 */
export class Rounds {
  readonly #worker: Worker;
  readonly #round: () => Promise<number>;
  readonly #pause: Pause;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failure: string | undefined;

  constructor(worker: Worker, round: () => Promise<number>, pause: Pause = pauseByClock) {
    this.#worker = worker;
    this.#round = round;
    this.#pause = pause;
  }

  /** Begins; a second call changes nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins no round any more; resolves when the one under way is finished. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failurePauseMs = firstFailurePauseMs;
    while (!signal.aborted) {
      const pauseMs = await this.#tryRound();
      if (pauseMs !== 0) await this.#pause(pauseMs ?? failurePauseMs, signal);
      failurePauseMs =
        pauseMs === undefined ? Math.min(failurePauseMs * 2, longestFailurePauseMs) : firstFailurePauseMs;
    }
  }

  /** `undefined` when it failed. */
  async #tryRound(): Promise<number | undefined> {
    try {
      const pauseMs = await this.#round();
      this.#failure = undefined;
      return pauseMs;
    } catch (error) {
      const { name: worker, log } = this.#worker;
      const failure = kindOf(error);
      if (failure !== this.#failure) log.warn({ worker, failure }, 'background work failed; it is tried again');
      this.#failure = failure;
      return undefined;
    }
  }
}

/** What an error says may hold anything. */
function kindOf(error: unknown): string {
  if (error instanceof OAuthManagerError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
