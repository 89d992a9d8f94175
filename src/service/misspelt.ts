/** Variables that nothing reads although their names are nearly those of some that are read. */

import type { EnvironmentReader } from './environment.js';

/** Shorter names are near to too much. */
const leastLength = 6;

/**
 * Warns of names that differ from a name that was asked for, and is not given, in underscores and at most one character
 * after the third. No fault, since they may be meant for other programs. To be called when everything has been read.
 */
export function misspeltNames(reader: EnvironmentReader): string[] {
  // Of the beginnings of hundreds of names few are those of any that is given.
  const missing = new Map<string, string[]>();
  for (const name of reader.missingNames()) {
    const alike = missing.get(name.slice(0, 3));
    if (alike === undefined) missing.set(name.slice(0, 3), [name]);
    else alike.push(name);
  }
  return reader.unreadNames().flatMap((unread) => {
    const alike = missing.get(unread.slice(0, 3)) ?? [];
    const meant = alike.find((name) => isNear(lettersOf(name), lettersOf(unread)));
    return meant === undefined ? [] : [`${unread} is set, but nothing reads it; is ${meant} meant?`];
  });
}

function lettersOf(name: string): string {
  return name.replaceAll('_', '');
}

/** Whether what is left between the same beginning and the same end is at most one character of each. */
export function isNear(one: string, other: string, shortest = leastLength): boolean {
  const shorter = Math.min(one.length, other.length);
  if (shorter < shortest || Math.abs(one.length - other.length) > 1) return false;
  let same = 0;
  while (same < shorter && one[same] === other[same]) same += 1;
  let sameAtEnd = 0;
  while (sameAtEnd < shorter - same && one.at(-1 - sameAtEnd) === other.at(-1 - sameAtEnd)) sameAtEnd += 1;
  return Math.max(one.length, other.length) - same - sameAtEnd <= 1;
}
