/** Times in the JSON that commands print: epoch seconds, as over HTTP. */

/** Rounded down: a token is never said to live longer than it does. */
export function toSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}

/** The same; null where there is no time. */
export function secondsOrNull(epochMs: number | undefined): number | null {
  return epochMs === undefined ? null : toSeconds(epochMs);
}
