/** Small documents without expiry, by collection and id. */

import type { Documents } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';

const key = (collection: string, id: string) => Buffer.from(`${collection}\0${id}`);

/** Binds the methods to a data file. Collections are named without NUL characters. */
export function documents(database: EmbeddedDatabase): Documents {
  const table = database.table('documents');
  return {
    putDocument: (collection, id, bytes) =>
      database.write(() => {
        table.put(key(collection, id), bytes);
      }),

    createDocument: (collection, id, bytes) =>
      database.write(() => {
        if (table.doesExist(key(collection, id))) return false;
        table.put(key(collection, id), bytes);
        return true;
      }),

    exchangeDocument: (collection, id, { known, next }) =>
      database.write(() => {
        if (table.getBinary(key(collection, id))?.equals(known) !== true) return false;
        table.put(key(collection, id), next);
        return true;
      }),

    getDocument: (collection, id) => database.read(() => table.getBinary(key(collection, id))),

    listDocuments: (collection) =>
      database.read(() => {
        const found = new Map<string, Buffer>();
        const within = { start: Buffer.from(`${collection}\0`), end: Buffer.from(`${collection}\x01`) };
        for (const { key: rowKey, value } of table.getRange(within)) {
          found.set(rowKey.subarray(within.start.length).toString(), Buffer.from(value));
        }
        return found;
      }),

    removeDocument: (collection, id) =>
      database.write(() => {
        if (!table.doesExist(key(collection, id))) return false;
        table.remove(key(collection, id));
        return true;
      }),
  };
}
