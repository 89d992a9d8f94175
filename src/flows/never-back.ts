/** A clock for pauses: where the machine's clock is set back, a pause would last as much longer. */

/** The same clock, but for what it was set back by while it was looked at. */
export function neverBack(now: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  let aheadMs = 0;
  return () => {
    const read = now();
    aheadMs = Math.max(aheadMs, last - read);
    last = read + aheadMs;
    return last;
  };
}
