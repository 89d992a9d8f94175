/** Files that the operator names on the command line. */

import { isUtf8 } from 'node:buffer';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { CommandFailed, reasonOf } from './exit.js';

/**
 * The text of a file that an option names, without a byte order mark. The path is not repeated: it may be the secret itself,
 * passed where the file that holds it was wanted.
 *
 * @throws {CommandFailed} naming the option
 */
export function readText(option: string, path: string): string {
  const bytes = readBytes(option, path);
  if (!isUtf8(bytes) || bytes.includes(0)) throw new CommandFailed(`${option}: names a file that is no UTF-8 text.`);
  const text = bytes.toString().replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new CommandFailed(`${option}: names a file that is empty.`);
  return text;
}

function readBytes(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandFailed(`${option}: names a file that cannot be read: ${reasonOf(error)}.`);
  }
}

/**
 * For a file that is read in parts. A directory can be opened as well; only reading it fails, and that error names no file.
 */
export function refuseUnreadable(path: string): void {
  if (path === '-') return;
  accessSync(path, constants.R_OK);
  if (statSync(path).isDirectory()) throw new CommandFailed(`${path}: is a directory; name a file.`);
}
