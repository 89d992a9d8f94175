/** Values that expire: checked on every read, and removed a few at a time by later writes. */

import type { ExpiringValues } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';
import { numberBytes, numberOf, restOf, withNumber } from './numbers.js';

/** How many expired values one write removes: more than it adds, so that they do not pile up. */
const sweptPerWrite = 16;
const nothing = Buffer.from([0]);

/** Binds the methods to a data file. Values, counts and leases share one key space. `now` is epoch ms. */
export function expiringValues(database: EmbeddedDatabase, now: () => number): ExpiringValues {
  /** key -> expiry, content. */
  const values = database.table('expiring');
  /** expiry, key -> nothing: the order in which values expire. */
  const ends = database.table('expiring-ends');

  function find(key: string): { readonly remainingMs: number; readonly content: Buffer } | undefined {
    const row = values.getBinary(Buffer.from(key));
    if (!row) return undefined;
    const remainingMs = numberOf(row) - now();
    return remainingMs > 0 ? { remainingMs, content: restOf(row) } : undefined;
  }

  function remove(key: Buffer): void {
    const row = values.getBinary(key);
    if (!row) return;
    ends.remove(withNumber(numberOf(row), key));
    values.remove(key);
  }

  function put(key: string, content: Buffer, ttlMs: number): void {
    const keyBytes = Buffer.from(key);
    const end = now() + ttlMs;
    remove(keyBytes);
    for (const ended of [...ends.getKeys({ end: numberBytes(now()), limit: sweptPerWrite })]) remove(restOf(ended));
    values.put(keyBytes, withNumber(end, content));
    ends.put(withNumber(end, keyBytes), nothing);
  }

  return {
    putExpiring: (key, bytes, ttlMs) => database.write(() => put(key, bytes, ttlMs)),

    getExpiring: (key) => database.read(() => find(key)?.content),

    takeExpiring: (key) =>
      database.write(() => {
        const found = find(key);
        remove(Buffer.from(key));
        return found?.content;
      }),

    removeExpiring: (key) => database.write(() => remove(Buffer.from(key))),

    exchangeExpiring: (key, { known, next, ttlMs }) =>
      database.write(() => {
        const found = find(key)?.content;
        if (known === undefined ? found !== undefined : found?.equals(known) !== true) return false;
        put(key, next, ttlMs);
        return true;
      }),

    prolongExpiring: (key, ttlMs) =>
      database.write(() => {
        const found = find(key);
        if (found) put(key, found.content, ttlMs);
        return found !== undefined;
      }),

    count: (key, windowMs, by = 1) =>
      database.write(() => {
        const running = find(key);
        const count = (running ? numberOf(running.content) : 0) + by;
        const remainingMs = running?.remainingMs ?? windowMs;
        put(key, numberBytes(count), remainingMs);
        return { count, remainingMs };
      }),

    readCount: (key) =>
      database.read(() => {
        const running = find(key);
        return running ? numberOf(running.content) : 0;
      }),

    acquireLease: (key, holder, ttlMs) =>
      database.write(() => {
        if (find(key)) return false;
        put(key, Buffer.from(holder), ttlMs);
        return true;
      }),

    renewLease: (key, holder, ttlMs) =>
      database.write(() => {
        if (find(key)?.content.toString() !== holder) return false;
        put(key, Buffer.from(holder), ttlMs);
        return true;
      }),

    releaseLease: (key, holder) =>
      database.write(() => {
        if (find(key)?.content.toString() === holder) remove(Buffer.from(key));
      }),
  };
}
