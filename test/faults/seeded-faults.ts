/** The faults of a random schedule, and the numbers that choose them. */

/** What may happen next; what stands here more often happens more often. */
export const faults = [
  'renew',
  'renew',
  'renew',
  'renew',
  'token',
  'disconnect',
  'reconnect',
  'kill',
  'stop',
  'cut',
  'failover',
] as const;
export type Fault = (typeof faults)[number];

/** Numbers from 0 to 1 that follow from the seed alone (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
