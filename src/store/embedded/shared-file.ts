/** The data files that this process has open: each only once, even if several stores use it. */

import { statSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';

/** Keys and values are bytes; keys sort bytewise, and have at most 1978 bytes. */
export type Table = Database<Buffer, Buffer>;

/** A file that several stores may have open together. */
export interface SharedFile {
  readonly root: RootDatabase<Buffer, Buffer>;
  /** The table of that name, created on first use. */
  readonly table: (name: string) => Table;
  /** Each store calls it once; the last one closes the file. */
  readonly leave: () => Promise<void>;
}

/** By device and inode, as lmdb identifies files: a removed file may have been replaced by another one. */
const opened = new Map<string, { file: Omit<SharedFile, 'leave'>; users: number }>();

/**
 * Opens the file, or shares it with the stores that have it open.
 *
 * Opening a file or a table takes the write lock on the calling thread, and lmdb first waits there for its own pending
 * writes. It would wait for ever for those of a second opening of the same file, as they need the same thread.
 */
export function enterFile(file: string): SharedFile {
  const { dev, ino } = statSync(file, { bigint: true });
  const name = `${dev}:${ino}`;
  const entry = opened.get(name) ?? { file: openFile(file), users: 0 };
  opened.set(name, entry);
  entry.users += 1;
  return {
    ...entry.file,
    async leave() {
      entry.users -= 1;
      if (entry.users > 0) return;
      opened.delete(name);
      await entry.file.root.close();
    },
  };
}

function openFile(file: string): Omit<SharedFile, 'leave'> {
  // Without overlappingSync a commit is flushed before anybody sees it, so that nothing that was read can be lost.
  const root: RootDatabase<Buffer, Buffer> = open({
    path: file,
    noSubdir: true,
    overlappingSync: false,
    // A batch has a promise that nobody awaits: on a full disk its rejection would end the process.
    eventTurnBatching: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 16,
  });
  const tables = new Map<string, Table>();
  const table = (name: string) => {
    const known = tables.get(name) ?? root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' });
    tables.set(name, known);
    return known;
  };
  return { root, table };
}
