/** A clock that moves only when a test moves it. */

/** A clock that a test controls. Pass `clock.now` wherever code takes `now`. */
export interface ManualClock {
  /** Epoch ms. */
  readonly now: () => number;
  /** Moves the clock forward (or, with a negative number, back) by so many ms. */
  advance(ms: number): void;
  /** Sets the clock to this epoch ms. */
  set(epochMs: number): void;
}

/** Creates a clock that stands still at `start` (epoch ms; a fixed day by default). */
export function createManualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let current = start;
  return {
    now: () => current,
    advance: (ms) => {
      current += ms;
    },
    set: (epochMs) => {
      current = epochMs;
    },
  };
}
