/** Names of all that is stored: SCAN, master by master. */

import type { Walks } from '../engine.js';
import type { RedisKeys } from './keys.js';
import type { RedisLink } from './link.js';
import { scanOn } from './scan.js';

/** How many keys one SCAN looks at; Redis does nothing else meanwhile. */
const keysPerScan = 250;

/** Binds the part to a link and a prefix. */
export function createWalks(link: RedisLink, keys: RedisKeys): Walks {
  return {
    walk: async (what, cursor) => {
      const [start, end] = keys.around(what);
      const found = await scanOn(link, ['MATCH', `${start}*${end}`, 'COUNT', keysPerScan], cursor);
      const names = found.keys.map((key) => key.slice(start.length, -end.length || undefined));
      return found.next === undefined ? { names } : { names, next: found.next };
    },
  };
}
