/** Append-only logs: streams; ids are the stream ids. */

import type { LogEntry, Logs } from '../engine.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import { createLogWaiters } from './log-waiters.js';
import { parseBuffer, parseList, parseText, unexpected } from './replies.js';
import { loadScript } from './scripts.js';

const appendScript = loadScript('append-log');
const readScript = loadScript('read-log');

/** Sorts before every entry. */
const beforeAll = '0-0';

/** Binds the part to a link and a prefix. `stop` ends all waiting. */
export function createLogs(link: RedisLink, keys: RedisKeys): Logs & { stop(): void } {
  const newestId = async (log: string) => {
    const [newest] = parseList(await link.read(command('XREVRANGE', keys.log(log), '+', '-', 'COUNT', 1)));
    return newest === undefined ? beforeAll : parseEntry(newest).id;
  };
  const waiters = createLogWaiters(newestId, isAfter);
  return {
    append: async (log, bytes, { keepMs, keepMost, holds = 1 }) => {
      const append = appendScript([keys.log(log)], Math.ceil(keepMs), keepMost, holds, bytes);
      const id = parseText(await link.write(append));
      waiters.announce(log, id);
      return id;
    },
    readLog: async (log, after, limit) => {
      // An id of another form is made up or from another store: to answer everything is the safe choice.
      const start = after !== undefined && isId(after) ? after : '';
      return parseList(await link.read(readScript([keys.log(log)], start, limit, 0))).map(parseEntry);
    },
    readLogEnd: async (log, limit) =>
      parseList(await link.read(readScript([keys.log(log)], '', limit, 1)))
        .map(parseEntry)
        .reverse(),
    newestId,
    removeEntry: async (log, id) => {
      await link.write(command('XDEL', keys.log(log), id));
    },
    waitLog: (log, after, signal) => waiters.wait(log, isId(after) ? after : beforeAll, signal),
    stop: waiters.stop,
  };
}

/** Milliseconds and a sequence number, both 64 bits in Redis; 18 digits are enough up to the year 33658. */
function isId(text: string): boolean {
  return /^\d{1,18}-\d{1,18}$/.test(text);
}

function isAfter(id: string, other: string): boolean {
  const [ms = 0n, sequence = 0n] = id.split('-').map(BigInt);
  const [otherMs = 0n, otherSequence = 0n] = other.split('-').map(BigInt);
  return ms === otherMs ? sequence > otherSequence : ms > otherMs;
}

/** An entry has one field, `b`. */
function parseEntry(reply: unknown): LogEntry {
  const [id, fields] = parseList(reply);
  const bytes = parseBuffer(parseList(fields)[1]);
  if (!bytes) throw unexpected();
  return { id: parseText(id), bytes };
}
