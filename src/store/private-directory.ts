/** Directories for the eyes of their user alone. */

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory, and those above it, unless it is there. Node's own `recursive` never ends where a directory that is
 * there takes none and calls that ENOENT, as /proc does.
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
