/** Where the embedded store's file is. Kept apart from the engine, so that asking for the path does not load lmdb. */

import path from 'node:path';

/** The file that holds everything of one key prefix. */
export function dataFileOf(dataDir: string, keyPrefix: string): string {
  return path.join(dataDir, `${keyPrefix}.mdb`);
}
