/** The one door to lmdb: a file, its tables, durable transactions, and every failure as `StoreUnavailable`. */

import { chmodSync, closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { StoreUnavailable } from '../../core/errors.js';
import { makePrivateDirectory } from '../private-directory.js';
import { enterFile, type SharedFile, type Table } from './shared-file.js';

/** Where lmdb's first page holds its magic number. */
const magicAt = 24;
const magic = 0xbeefc0de;

/** An open data file. */
export interface EmbeddedDatabase {
  readonly table: (name: string) => Table;
  /** Looks at the newest committed state, also when another process wrote it. `look` must be synchronous. */
  readonly read: <T>(look: () => T) => Promise<T>;
  /**
   * Runs `change` as one transaction: it sees what all other processes have committed, and what it writes is on disk
   * when the promise resolves, or not there at all. `change` must be synchronous: the write lock is held meanwhile.
   */
  readonly write: <T>(change: () => T) => Promise<T>;
  /** Ids of the other processes of this machine that have the file open. */
  readonly otherProcesses: () => readonly number[];
  /** Waits for what is being written, then closes. */
  readonly close: () => Promise<void>;
}

/**
 * Opens (or makes) the data file; only its user can read it.
 *
 * @throws {StoreUnavailable} the directory or the file cannot be used
 */
export function openDatabase(file: string): EmbeddedDatabase {
  let shared: SharedFile;
  try {
    makePrivate(file);
    refuseForeign(file);
    shared = enterFile(file);
  } catch (error) {
    throw unavailable(error, 'no', `The data file ${path.resolve(file)}`);
  }
  return bind(shared);
}

function bind({ root, table, leave }: SharedFile): EmbeddedDatabase {
  const writing = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let looks: ((fault?: unknown) => void)[] = [];
  /** What is asked by the code that runs now looks at one snapshot: to begin one for each took a quarter of a warm read. */
  const lookTogether = () => {
    const all = looks;
    looks = [];
    let fault: unknown;
    try {
      // lmdb keeps one snapshot per turn of the event loop; another process may have committed since.
      root.resetReadTxn();
    } catch (error) {
      fault = error;
    }
    for (const take of all) take(fault);
  };
  const refuseClosed = () => {
    if (closing) throw new StoreUnavailable('The embedded store is closed.', 'no');
  };
  return {
    table(name) {
      try {
        return table(name);
      } catch (error) {
        throw unavailable(error, 'no');
      }
    },
    read(look) {
      return new Promise((resolve, reject) => {
        refuseClosed();
        const take = (fault: unknown) => {
          try {
            if (fault !== undefined) throw fault;
            resolve(look());
          } catch (error) {
            reject(unavailable(error, 'no'));
          }
        };
        if (looks.push(take) === 1) queueMicrotask(lookTogether);
      });
    },
    async write(change) {
      refuseClosed();
      // A child transaction, because lmdb commits several callers' changes together: one that throws must leave no trace.
      const written = root.childTransaction(change);
      writing.add(written);
      try {
        return await written;
      } catch (error) {
        throw unavailable(await diskFailureOf(error), 'unknown');
      } finally {
        writing.delete(written);
      }
    },
    otherProcesses() {
      root.readerCheck(); // else those that were killed would be listed
      const rows = [...root.readerList().matchAll(/^\s*(\d+)\s/gm)];
      return [...new Set(rows.map(([, id]) => Number(id)))].filter((id) => id !== process.pid);
    },
    close() {
      closing ??= Promise.allSettled(writing).then(leave);
      return closing;
    },
  };
}

/** lmdb makes its files readable for the group, so they are made before it does. */
function makePrivate(file: string): void {
  makePrivateDirectory(path.dirname(file));
  for (const each of [file, `${file}-lock`]) {
    closeSync(openSync(each, 'a', 0o600));
    chmodSync(each, 0o600);
  }
}

/** lmdb ends the process when it opens a file of another kind, so the magic number of its first page is looked at before. */
function refuseForeign(file: string): void {
  const handle = openSync(file, 'r');
  const start = Buffer.alloc(magicAt + 4);
  const length = readSync(handle, start);
  closeSync(handle);
  if (length > 0 && start.readUInt32LE(magicAt) !== magic) {
    throw new StoreUnavailable(`${path.resolve(file)} is no data file of this store; it was left as it is.`, 'no');
  }
}

/**
 * What the disk said. lmdb rejects a promise beside the write with it, in the same turn or never; nobody listening, that
 * would end the process.
 */
function diskFailureOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error && error.commitError instanceof Promise)) {
    return Promise.resolve(error);
  }
  const said = error.commitError.catch((failure: unknown) => failure);
  return Promise.race([said, new Promise((resolve) => setImmediate(resolve, error))]);
}

/** The message names the failure of the file or disk; lmdb's messages hold no stored content. */
function unavailable(error: unknown, carriedOut: 'no' | 'unknown', what = 'The embedded store'): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const reason = error instanceof Error && 'code' in error ? ` (${reasonOf(error)})` : '';
  return new StoreUnavailable(`${what} cannot be used${reason}.`, carriedOut);
}

/** lmdb hands on the numbers of the operating system, as positive ones: 28 is ENOSPC on Linux. Its own are negative. */
function reasonOf({ code, errno = 0 }: { code?: unknown; errno?: number }): string {
  const [name, words] = getSystemErrorMap().get(typeof code === 'number' && code > 0 ? -code : errno) ?? [String(code)];
  // It makes this of a write that was cut short.
  const cause = name === 'EIO' ? ', as of a full disk' : '';
  return words === undefined ? name : `${name}: ${words}${cause}`;
}
