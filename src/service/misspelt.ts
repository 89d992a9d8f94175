/** Warns of variables that nothing reads, although their names are close to those of some that are read. */

import { isNear } from '../core/near-name.js';
import type { EnvironmentReader } from './environment.js';

/**
 * Warns of names that differ from the name of an unset variable in underscores, and in at most one character after the
 * third. It is no fault, since they may be meant for other programs. Call it when everything has been read.
 */
export function misspeltNames(reader: EnvironmentReader): string[] {
  // Checked first, as only few of the hundreds of names begin like one that is given.
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
