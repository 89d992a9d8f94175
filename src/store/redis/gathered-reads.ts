/** Fields that are asked for at the same time are read from Redis by one command. */

import { describeFailure } from './failures.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList } from './replies.js';
import { loadScript } from './scripts.js';

const readFieldsScript = loadScript('read-fields');

/** Redis does nothing else while it runs a script, so no script reads more. */
const mostTogether = 256;

/** Reads a field of a hash. */
export type ReadField = (key: string, field: string) => Promise<Buffer | undefined>;

interface Waiting {
  readonly key: string;
  readonly field: string;
  readonly resolve: (value: Buffer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One command for each read: on a Cluster the keys of a script must be of one slot. */
export function readsOneByOne(link: RedisLink): ReadField {
  return async (key, field) => parseBuffer(await link.read(command('HGET', key, field)));
}

/**
 * One command for all reads of one turn of the event loop. Every read is still asked of Redis, after its caller asked.
 * What ioredis and the socket do per command is most of the cost of a read: 64 and 256 callers get about twice as many
 * answers as with a command for each (1.8-2.4 in several runs). A read with no other under way leaves at once, as one
 * caller alone wants it.
 */
export function readsTogether(link: RedisLink): ReadField {
  const readAlone = readsOneByOne(link);
  let waiting: Waiting[] = [];
  let underWay = 0;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    underWay += 1;
    try {
      const replies = await readAll(link, readAlone, batch);
      for (const [index, { resolve, reject }] of batch.entries()) settle(replies[index], resolve, reject);
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

  return (key, field) =>
    new Promise((resolve, reject) => {
      const read = { key, field, resolve, reject };
      if (underWay === 0 && waiting.length === 0) void send([read]);
      else if (waiting.push(read) === 1) setImmediate(sendWaiting);
    });
}

/** The replies in the order of the reads. */
async function readAll(link: RedisLink, readAlone: ReadField, batch: readonly Waiting[]): Promise<readonly unknown[]> {
  const [only] = batch;
  if (only !== undefined && batch.length === 1) return [await readAlone(only.key, only.field)];
  const keys = batch.map(({ key }) => key);
  const fields = batch.map(({ field }) => field);
  return parseList(await link.read(readFieldsScript(keys, ...fields)));
}

/** An error in one place of the reply is that caller's alone. */
function settle(reply: unknown, resolve: Waiting['resolve'], reject: Waiting['reject']): void {
  try {
    if (reply instanceof Error) throw describeFailure(reply).error;
    resolve(parseBuffer(reply));
  } catch (error) {
    reject(error);
  }
}
