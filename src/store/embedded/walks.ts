/** Lists the names of all that is stored: walks each table in the order of its keys, name by name. */

import type { Walked, Walks } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';

/** Names in one batch; other callers get their turn between batches. */
const batch = 250;

/** Where names are found in keys, and the first key after all rows of a name. */
const places: Readonly<Record<Walked, { table: string; ends: string; follows: string }>> = {
  owners: { table: 'owners', ends: '/', follows: '0' },
  expiring: { table: 'expiring', ends: '', follows: '\0' },
  logs: { table: 'log-heads', ends: '', follows: '\0' },
  collections: { table: 'documents', ends: '\0', follows: '\x01' },
};

/** Binds the method to a data file. */
export function walks(database: EmbeddedDatabase): Walks {
  return {
    walk: (what, cursor) => {
      const { table: name, ends, follows } = places[what];
      const table = database.table(name);
      return database.read(() => {
        const names: string[] = [];
        let start = Buffer.from(cursor === undefined ? '' : cursor + follows);
        while (names.length < batch) {
          const [key] = table.getKeys({ start, limit: 1 });
          if (key === undefined) return { names };
          const text = key.toString();
          const found = ends === '' ? text : text.slice(0, text.indexOf(ends));
          names.push(found);
          start = Buffer.from(found + follows);
        }
        return { names, next: names.at(-1) };
      });
    },
  };
}
