/**
 * The logs of a data file: entries in the order of their ids, and a head for each log. Every method belongs inside a
 * transaction. Entries that are too old are not read, and later appends remove them.
 */

import type { LogEntry, LogKeep } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';
import { numberBytes, numberOf, restOf, withNumber } from './numbers.js';
import type { Table } from './shared-file.js';

/** How many old entries one append removes at most. */
const trimmedPerAppend = 32;

/**
 * Ids are the time of appending in microseconds, or one more than the last id if that is not smaller. They have 16 digits
 * until the year 2286, so they also sort as text; and after a data file was lost, ids of the new one are larger.
 */
const idsPerMs = 1_000;

/** What is known of a log as a whole: its newest id, the number of entries kept, and for how long, ms. */
interface Head {
  readonly newest: number;
  readonly kept: number;
  readonly keepMs: number;
}

const noHead: Head = { newest: 0, kept: 0, keepMs: Number.POSITIVE_INFINITY };

/** Both tables, and the clock by which entries grow old. */
export class LogTable {
  /** log, NUL, id, and if it is more than one, how many entries the bytes hold -> bytes. */
  readonly #entries: Table;
  /** log -> newest id, number of entries kept, how long they are kept (ms). */
  readonly #heads: Table;
  readonly #now: () => number;
  /** The log that was swept last: those that get no more entries are trimmed by appends to others, one after the other. */
  #swept = '';

  /** @param now epoch ms */
  constructor(database: EmbeddedDatabase, now: () => number) {
    this.#entries = database.table('log-entries');
    this.#heads = database.table('log-heads');
    this.#now = now;
  }

  /** The newest id of a log, also of one whose entries are gone; 0 before the first. */
  newest(log: string): number {
    return this.#head(log).newest;
  }

  /** Appends `keep.holds` entries that are one piece; answers the id of the last. */
  append(log: string, bytes: Buffer, keep: LogKeep): number {
    const { holds = 1, keepMs } = keep;
    const { newest, kept } = this.#head(log);
    const id = Math.max(newest + holds, Math.floor(this.#now() * idsPerMs));
    const key = entryKey(log, id);
    this.#entries.put(holds === 1 ? key : Buffer.concat([key, Buffer.from([holds])]), bytes);
    this.#putHead(log, { newest: id, kept: this.#trim(log, kept + holds, keep), keepMs });
    this.#sweepNext();
    return id;
  }

  /** Looks for an entry, as the newest one may have been removed: then a waiter would be woken again and again. */
  hasAfter(log: string, id: number): boolean {
    const { newest, keepMs } = this.#head(log);
    const first = this.#firstAfter(id, keepMs);
    return newest >= first && [...this.#entries.getKeys({ ...from(log, first), limit: 1 })].length > 0;
  }

  /** The first entries after an id, oldest first. */
  readAfter(log: string, id: number, limit: number): LogEntry[] {
    const first = this.#firstAfter(id, this.#head(log).keepMs);
    return entriesOf(log, this.#entries.getRange({ ...from(log, first), limit }));
  }

  /** The last entries, oldest first. */
  readEnd(log: string, limit: number): LogEntry[] {
    const { start, end } = from(log, this.#oldest(this.#head(log).keepMs));
    const backwards = this.#entries.getRange({ start: end, end: start, limit, reverse: true });
    return entriesOf(log, backwards).reverse();
  }

  /** Removes the piece with this id, if it is there. */
  remove(log: string, id: number): void {
    const [key] = this.#entries.getKeys({ ...from(log, id), limit: 1 });
    if (key === undefined || idOf(log, key) !== id) return;
    this.#entries.remove(key);
    const head = this.#head(log);
    this.#putHead(log, { ...head, kept: head.kept - countOf(log, key) });
  }

  #head(log: string): Head {
    const bytes = this.#heads.getBinary(Buffer.from(log));
    if (!bytes) return noHead;
    const [kept, keepMs] = [restOf(bytes), restOf(restOf(bytes))];
    return {
      newest: numberOf(bytes),
      kept: numberOf(kept),
      // The first version did not store it.
      keepMs: keepMs.length > 0 ? numberOf(keepMs) : noHead.keepMs,
    };
  }

  #putHead(log: string, { newest, kept, keepMs }: Head): void {
    this.#heads.put(Buffer.from(log), withNumber(newest, withNumber(kept, numberBytes(keepMs))));
  }

  /** The smallest id that is not too old. */
  #oldest(keepMs: number): number {
    return Math.max(0, (this.#now() - keepMs) * idsPerMs);
  }

  #firstAfter(id: number, keepMs: number): number {
    return Math.max(id + 1, this.#oldest(keepMs));
  }

  /** Removes entries beyond the limits, oldest first; answers how many are left. */
  #trim(log: string, kept: number, { keepMs, keepMost }: LogKeep): number {
    const oldest = this.#oldest(keepMs);
    const old: Buffer[] = [];
    let left = kept;
    for (const key of this.#entries.getKeys({ ...from(log, 0), limit: trimmedPerAppend })) {
      if (left <= keepMost && idOf(log, key) >= oldest) break;
      old.push(key);
      left -= countOf(log, key);
    }
    for (const key of old) this.#entries.remove(key);
    return left;
  }

  #sweepNext(): void {
    const [name] = this.#heads.getKeys({ start: Buffer.from(`${this.#swept}\0`), limit: 1 });
    this.#swept = name?.toString() ?? '';
    if (this.#swept === '') return;
    const head = this.#head(this.#swept);
    const left = this.#trim(this.#swept, head.kept, { keepMs: head.keepMs, keepMost: Number.POSITIVE_INFINITY });
    if (left < head.kept) this.#putHead(this.#swept, { ...head, kept: left });
  }
}

function entryKey(log: string, id: number): Buffer {
  return Buffer.concat([Buffer.from(`${log}\0`), numberBytes(id)]);
}

/** All keys of a log from this id on. */
function from(log: string, id: number): { readonly start: Buffer; readonly end: Buffer } {
  return { start: entryKey(log, id), end: Buffer.from(`${log}\x01`) };
}

/** The part of a key that follows the log's name: its id, and perhaps how many entries its bytes hold. */
function placeOf(log: string, key: Buffer): Buffer {
  return key.subarray(Buffer.byteLength(log) + 1);
}

function idOf(log: string, key: Buffer): number {
  return numberOf(placeOf(log, key));
}

function countOf(log: string, key: Buffer): number {
  return restOf(placeOf(log, key))[0] ?? 1;
}

/** With copies of the bytes: lmdb may answer a view of the file, which is only valid inside the transaction. */
function entriesOf(log: string, range: Iterable<{ readonly key: Buffer; readonly value: Buffer }>): LogEntry[] {
  return Array.from(range, ({ key, value }) => ({ id: String(idOf(log, key)), bytes: Buffer.from(value) }));
}
