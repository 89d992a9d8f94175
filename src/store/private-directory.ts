/** Directories that only their user may read. */

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and its parents, unless they exist. Node's own `recursive` never ends if an existing directory takes no
 * new entries and reports ENOENT, as /proc does.
 *
 * @throws what the operating system refuses
 */
export function makePrivateDirectory(path: string): void {
  const above = dirname(path);
  if (!existsSync(above)) makePrivateDirectory(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
