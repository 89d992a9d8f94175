/** Names that are nearly those of something else, and so may be misspelt. */

/** Shorter names have too many neighbours. */
const leastLength = 6;

/** Whether two names of at least `shortest` characters differ in at most one: changed, added or missing. */
export function isNear(one: string, other: string, shortest = leastLength): boolean {
  const shorter = Math.min(one.length, other.length);
  if (shorter < shortest || Math.abs(one.length - other.length) > 1) return false;
  let same = 0;
  while (same < shorter && one[same] === other[same]) same += 1;
  let sameAtEnd = 0;
  while (sameAtEnd < shorter - same && one.at(-1 - sameAtEnd) === other.at(-1 - sameAtEnd)) sameAtEnd += 1;
  return Math.max(one.length, other.length) - same - sameAtEnd <= 1;
}
