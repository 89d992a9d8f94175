/** Append-only logs, and waiting for their next entry. */

import type { Logs } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';
import { LogTable } from './log-table.js';
import { logWaiters } from './log-waiters.js';

const idPattern = /^\d{1,16}$/;

/** An id that is not ours (from another store, or made up) counts as older than everything. */
const parseId = (id: string | undefined) => (id !== undefined && idPattern.test(id) ? Number(id) : 0);

/** Binds the methods to a data file. `now` is epoch ms. */
export function logs(database: EmbeddedDatabase, now: () => number): Logs {
  const table = new LogTable(database, now);
  const waiters = logWaiters((log, after) => database.read(() => table.hasAfter(log, parseId(after))));
  return {
    async append(log, bytes, keep) {
      const id = await database.write(() => table.append(log, bytes, keep));
      waiters.wake(log);
      return String(id);
    },
    readLog: (log, after, limit) => database.read(() => table.readAfter(log, parseId(after), limit)),
    readLogEnd: (log, limit) => database.read(() => table.readEnd(log, limit)),
    removeEntry: (log, id) => database.write(() => table.remove(log, parseId(id))),
    newestId: (log) => database.read(() => String(table.newest(log))),
    waitLog: waiters.wait,
  };
}
