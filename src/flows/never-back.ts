/** A clock for pauses, which would last longer when the machine's clock is set back. */

/** The same clock, except that it never goes back. */
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
