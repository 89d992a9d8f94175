/** A worker that looks again and again until it is stopped. */

import { setTimeout as sleep } from 'node:timers/promises';

const failurePauseMs = 10_000;

/** One round after the other, with a pause between; a longer one after a round that failed. */
export class Rounds {
  readonly #round: () => Promise<void>;
  readonly #pauseMs: number;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(round: () => Promise<void>, pauseMs: number) {
    this.#round = round;
    this.#pauseMs = pauseMs;
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
    while (!signal.aborted) {
      const pause = await this.#round().then(
        () => this.#pauseMs,
        () => failurePauseMs,
      );
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}
