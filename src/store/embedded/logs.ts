/**
 * Append-only logs, and waiting for their next entry. Entries that are too old are not read, and later writes remove them.
 */

import type { LogEntry, LogKeep, Logs } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';
import { logWaiters } from './log-waiters.js';
import { numberBytes, numberOf, restOf, withNumber } from './numbers.js';

/** How many old entries one append removes at most. */
const trimmedPerAppend = 32;

/**
 * Ids are the time of appending in microseconds, or one more than the last id if that is not smaller. They have 16 digits
 * until the year 2286, so they also sort as text; and after a data file was lost, ids of the new one are larger.
 */
const idsPerMs = 1_000;
const idPattern = /^\d{1,16}$/;

/** An id that is not ours (from another store, or made up) counts as older than everything. */
const parseId = (id: string | undefined) => (id !== undefined && idPattern.test(id) ? Number(id) : 0);

/** Binds the methods to a data file. `now` is epoch ms. */
export function logs(database: EmbeddedDatabase, now: () => number): Logs {
  /** log, NUL, id, and if it is more than one, how many entries the bytes hold -> bytes. */
  const entries = database.table('log-entries');
  /** log -> newest id, number of entries kept, how long they are kept (ms). */
  const heads = database.table('log-heads');

  const newestOf = (log: string) => {
    const head = heads.getBinary(Buffer.from(log));
    if (!head) return { id: 0, kept: 0, keepMs: Number.POSITIVE_INFINITY };
    const [kept, time] = [restOf(head), restOf(restOf(head))];
    // The first version did not store `keepMs`.
    const keepMs = time.length > 0 ? numberOf(time) : Number.POSITIVE_INFINITY;
    return { id: numberOf(head), kept: numberOf(kept), keepMs };
  };
  const putHead = (log: string, id: number, { kept, keepMs }: { kept: number; keepMs: number }) =>
    heads.put(Buffer.from(log), withNumber(id, withNumber(kept, numberBytes(keepMs))));
  /** The first id that is not too old. */
  const oldestOf = (keepMs: number) => Math.max(0, (now() - keepMs) * idsPerMs);
  const entryKey = (log: string, id: number) => Buffer.concat([Buffer.from(`${log}\0`), numberBytes(id)]);
  const idAt = (log: string, key: Buffer) => key.subarray(Buffer.byteLength(log) + 1);
  const idOf = (log: string, key: Buffer) => numberOf(idAt(log, key));
  const from = (log: string, id: number) => ({ start: entryKey(log, id), end: Buffer.from(`${log}\x01`) });
  const firstAfter = (log: string, after: string | undefined) =>
    Math.max(parseId(after) + 1, oldestOf(newestOf(log).keepMs));
  /** Looks for an entry, as the newest one may have been removed: then a waiter would be woken again and again. */
  const hasAfter = (log: string, after: string) => {
    const first = firstAfter(log, after);
    return newestOf(log).id >= first && [...entries.getKeys({ ...from(log, first), limit: 1 })].length > 0;
  };
  const waiters = logWaiters((log, after) => database.read(() => hasAfter(log, after)));

  /** Removes entries beyond the limits, oldest first; answers how many are left. */
  function trim(log: string, kept: number, keep: LogKeep): number {
    const oldest = oldestOf(keep.keepMs);
    const old: Buffer[] = [];
    let left = kept;
    for (const key of entries.getKeys({ ...from(log, 0), limit: trimmedPerAppend })) {
      if (left <= keep.keepMost && idOf(log, key) >= oldest) break;
      old.push(key);
      left -= restOf(idAt(log, key))[0] ?? 1;
    }
    for (const key of old) entries.remove(key);
    return left;
  }

  /** Logs that get no more entries are trimmed by appends to others, one log after the other. */
  let swept = '';
  function sweepNext(): void {
    const [name] = heads.getKeys({ start: Buffer.from(`${swept}\0`), limit: 1 });
    swept = name?.toString() ?? '';
    if (swept === '') return;
    const { id, kept, keepMs } = newestOf(swept);
    const left = trim(swept, kept, { keepMs, keepMost: Number.POSITIVE_INFINITY });
    if (left < kept) putHead(swept, id, { kept: left, keepMs });
  }

  return {
    async append(log, bytes, keep) {
      const { holds = 1 } = keep;
      const id = await database.write(() => {
        const newest = newestOf(log);
        const next = Math.max(newest.id + holds, Math.floor(now() * idsPerMs));
        const key = entryKey(log, next);
        entries.put(holds === 1 ? key : Buffer.concat([key, Buffer.from([holds])]), bytes);
        putHead(log, next, { kept: trim(log, newest.kept + holds, keep), keepMs: keep.keepMs });
        sweepNext();
        return next;
      });
      waiters.wake(log);
      return String(id);
    },

    readLog: (log, after, limit) =>
      database.read(() => {
        const found: LogEntry[] = [];
        for (const { key, value } of entries.getRange({ ...from(log, firstAfter(log, after)), limit })) {
          found.push({ id: String(idOf(log, key)), bytes: Buffer.from(value) });
        }
        return found;
      }),

    readLogEnd: (log, limit) =>
      database.read(() => {
        const found: LogEntry[] = [];
        const backwards = {
          start: Buffer.from(`${log}\x01`),
          end: entryKey(log, oldestOf(newestOf(log).keepMs)),
          limit,
          reverse: true,
        };
        for (const { key, value } of entries.getRange(backwards)) {
          found.unshift({ id: String(idOf(log, key)), bytes: Buffer.from(value) });
        }
        return found;
      }),

    removeEntry: (log, id) =>
      database.write(() => {
        const [key] = entries.getKeys({ ...from(log, parseId(id)), limit: 1 });
        if (key === undefined || idOf(log, key) !== parseId(id)) return;
        entries.remove(key);
        const { id: newest, kept, keepMs } = newestOf(log);
        putHead(log, newest, { kept: kept - (restOf(idAt(log, key))[0] ?? 1), keepMs });
      }),

    newestId: (log) => database.read(() => String(newestOf(log).id)),
    waitLog: waiters.wait,
  };
}
