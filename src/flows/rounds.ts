/** A worker that looks again and again until it is stopped. */

import { setTimeout as sleep } from 'node:timers/promises';
import { FailureLog, type Worker } from './failure-log.js';

/** The pause after a round that failed, ms; doubles with each further one. Short at first: the store may be back at once. */
const firstFailurePauseMs = 1_000;
const longestFailurePauseMs = 10_000;

/** Waits so many ms, or until the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const pauseByClock: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/** Runs one round after the other. A round answers how long to pause after it, ms; after a failure the pause grows. */
export class Rounds {
  readonly #failures: FailureLog;
  readonly #round: () => Promise<number>;
  readonly #pause: Pause;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(worker: Worker, round: () => Promise<number>, pause: Pause = pauseByClock) {
    this.#failures = new FailureLog(worker);
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
      const pauseMs = await this.#failures.attempt(this.#round);
      if (pauseMs !== 0) await this.#pause(pauseMs ?? failurePauseMs, signal);
      failurePauseMs =
        pauseMs === undefined ? Math.min(failurePauseMs * 2, longestFailurePauseMs) : firstFailurePauseMs;
    }
  }
}
