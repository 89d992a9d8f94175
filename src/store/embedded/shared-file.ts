/** The data files that this process has open: each once, however many stores lie on it. */

import { statSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';

/** Bytes by bytes; keys sort as bytes do, and are at most 1978 of them. */
export type Table = Database<Buffer, Buffer>;

/** What several stores may have open together. */
export interface SharedFile {
  readonly root: RootDatabase<Buffer, Buffer>;
  /** The table of that name, made when it is first asked for. */
  readonly table: (name: string) => Table;
  /** To be called once by each who entered; the last one closes the file. */
  readonly leave: () => Promise<void>;
}

/** By device and inode, as lmdb tells files apart: another file may have taken the place of one that was removed. */
const opened = new Map<string, { file: Omit<SharedFile, 'leave'>; users: number }>();

/**
 * Opens the file, or enters the one that is open.
 *
 * Opening takes the write lock on the thread that asks, and so does each opening of a table. lmdb waits for its own
 * writes there; for those of a second opening of the same file it would wait without end, as they need this thread.
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
  // Without overlappingSync a commit is flushed before anyone sees it: what was read can never be lost again.
  const root: RootDatabase<Buffer, Buffer> = open({
    path: file,
    noSubdir: true,
    overlappingSync: false,
    // Its batches hold a promise that nobody awaits: a full disk would end the process by an unhandled rejection.
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
