/** Fields that are asked for at the same time are read from Redis by one command. */

import type { Versioned } from '../engine.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList } from './replies.js';
import { findField } from './stored-fields.js';

/** Redis does nothing else while it answers, so no command reads more. */
const mostTogether = 256;

/** Reads a field of the owner whose fields lie under the key; answers `known` itself when that is what stands there. */
export type ReadField = (key: string, field: string, known?: Versioned) => Promise<Versioned | undefined>;

interface Waiting {
  readonly key: string;
  readonly field: string;
  readonly known: Versioned | undefined;
  readonly resolve: (value: Versioned | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One command for each read: on a Cluster the keys of a command must be of one slot. */
export function readsOneByOne(link: RedisLink): ReadField {
  return async (key, field, known) => {
    const stored = parseBuffer(await link.read(command('GET', key)));
    return stored && findField(stored, field, known);
  };
}

/**
 * One MGET for all reads of one turn of the event loop. Every read is still asked of Redis, after its caller asked.
 * What ioredis and the socket do per command is most of the cost of a read: 64 callers get three times as many answers
 * as with a GET for each. A read with no other under way leaves at once, as one caller alone wants it.
 */
export function readsTogether(link: RedisLink): ReadField {
  const readOne = readsOneByOne(link);
  let waiting: Waiting[] = [];
  let underWay = 0;

  const readAlone: ReadField = async (key, field, known) => {
    underWay += 1;
    try {
      return await readOne(key, field, known);
    } finally {
      underWay -= 1;
    }
  };
  const send = async (batch: readonly Waiting[]): Promise<void> => {
    underWay += 1;
    try {
      await readAll(link, batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      underWay -= 1;
    }
  };
  const sendWaiting = () => {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; first += mostTogether) void send(all.slice(first, first + mostTogether));
  };

  return (key, field, known) => {
    if (underWay === 0 && waiting.length === 0) return readAlone(key, field, known);
    return new Promise((resolve, reject) => {
      if (waiting.push({ key, field, known, resolve, reject }) === 1) setImmediate(sendWaiting);
    });
  };
}

async function readAll(link: RedisLink, batch: readonly Waiting[]): Promise<void> {
  const replies = parseList(await link.read(command('MGET', ...batch.map(({ key }) => key))));
  for (const [index, read] of batch.entries()) settle(replies[index], read);
}

/** What does not fit its form is that caller's fault alone. */
function settle(reply: unknown, { field, known, resolve, reject }: Waiting): void {
  try {
    const stored = parseBuffer(reply);
    resolve(stored && findField(stored, field, known));
  } catch (error) {
    reject(error);
  }
}
