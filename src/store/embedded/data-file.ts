/** Where the embedded store lies; apart from the engine, since asking for the place loads no lmdb. */

import path from 'node:path';

/** The file that holds everything of one key prefix. */
export function dataFileOf(dataDir: string, keyPrefix: string): string {
  return path.join(dataDir, `${keyPrefix}.mdb`);
}
