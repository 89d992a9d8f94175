/** Variables that nothing reads although their names are nearly those of some that are read. */

import { isNear } from '../core/near-name.js';
import type { EnvironmentReader } from './environment.js';

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
