/** The path of the embedded store's file. Separate from the engine, so that asking for the path does not load lmdb. */

import path from 'node:path';

/** The file with all data of one key prefix. */
export function dataFileOf(dataDir: string, keyPrefix: string): string {
  return path.join(dataDir, `${keyPrefix}.mdb`);
}
