/** The only access to lmdb: a file, its tables, durable transactions; every failure is a `StoreUnavailable`. */

import { chmodSync, closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { StoreUnavailable } from '../../core/errors.js';
import { makePrivateDirectory } from '../private-directory.js';
import { enterFile, type SharedFile, type Table } from './shared-file.js';

/** The place of the magic number in lmdb's first page. */
const magicAt = 24;
const magic = 0xbeefc0de;

/** An open data file. */
export interface EmbeddedDatabase {
  readonly table: (name: string) => Table;
  /** Runs `look` on the newest committed state, also of other processes. `look` must be synchronous. */
  readonly read: <T>(look: () => T) => Promise<T>;
  /**
   * Runs `change` as one transaction: it sees what all other processes have committed. When the promise resolves, all
   * that it wrote is on disk, else nothing. `change` must be synchronous: the write lock is held meanwhile.
   */
  readonly write: <T>(change: () => T) => Promise<T>;
  /** Ids of the other processes of this machine that have the file open. */
  readonly otherProcesses: () => readonly number[];
  /** Waits for pending writes, then closes. */
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
  /** All reads of the code that runs now share one snapshot: one for each would take a quarter of a warm read. */
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
      // A child transaction, as lmdb commits the changes of several callers together: one that throws must change nothing.
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
      root.readerCheck(); // else killed processes would be listed
      const rows = [...root.readerList().matchAll(/^\s*(\d+)\s/gm)];
      return [...new Set(rows.map(([, id]) => Number(id)))].filter((id) => id !== process.pid);
    },
    close() {
      closing ??= Promise.allSettled(writing).then(leave);
      return closing;
    },
  };
}

/** lmdb would create its files readable for the group, so they are created before. */
function makePrivate(file: string): void {
  makePrivateDirectory(path.dirname(file));
  for (const each of [file, `${file}-lock`]) {
    closeSync(openSync(each, 'a', 0o600));
    chmodSync(each, 0o600);
  }
}

/** lmdb ends the process when it opens a file of another kind, so the magic number of the first page is checked before. */
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
 * The error of the disk. lmdb rejects a second promise with it, in the same turn or never; without a handler, that would
 * end the process.
 */
function diskFailureOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'commitError' in error && error.commitError instanceof Promise)) {
    return Promise.resolve(error);
  }
  const said = error.commitError.catch((failure: unknown) => failure);
  return Promise.race([said, new Promise((resolve) => setImmediate(resolve, error))]);
}

/** The message names the failure of the file or disk; lmdb's messages contain no stored data. */
function unavailable(error: unknown, carriedOut: 'no' | 'unknown', what = 'The embedded store'): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const reason = error instanceof Error && 'code' in error ? ` (${reasonOf(error)})` : '';
  return new StoreUnavailable(`${what} cannot be used${reason}.`, carriedOut);
}

/** lmdb passes on error numbers of the operating system as positive ones: 28 is ENOSPC on Linux. Its own are negative. */
function reasonOf({ code, errno = 0 }: { code?: unknown; errno?: number }): string {
  const [name, words] = getSystemErrorMap().get(typeof code === 'number' && code > 0 ? -code : errno) ?? [String(code)];
  // lmdb's number for an incomplete write.
  const cause = name === 'EIO' ? ', as of a full disk' : '';
  return words === undefined ? name : `${name}: ${words}${cause}`;
}
