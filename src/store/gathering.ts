/** Gathers the requests of one turn of the event loop into one request to the store. */

import { StoreUnavailable } from '../core/errors.js';

/** One request, and the functions that settle it. */
export interface Asked<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** The most items of one command, as Redis does nothing else while it runs one. */
export const mostTogether = 64;
/** Half of those who ask, but at least so many, are sent at once: Redis works on them while we gather the rest. */
const worthACommand = 32;

/** Turns a function for many items at once into one for a single item. */
export type Gather = <Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
) => (item: Item) => Promise<Result>;

/** One command for each item: on a Cluster all keys of a script must be of one slot. */
export function oneByOne<Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  return async (item) => {
    const [result] = await sendAll([item]);
    if (result === undefined) throw unexpected();
    return result;
  };
}

/**
 * Gathers the items of one turn of the event loop. Most of the cost of a small command, on both sides, is ioredis, the
 * socket and the start of a script. If nothing is under way, items are sent as soon as the code that runs now has ended,
 * so that a single caller does not wait. If a command fails, all of its items fail with its error.
 *
 * @param sendAll answers one result for each item, in their order
 * @param most    items of one command
 * @returns takes an item, and calls its `resolve` or `reject`, which must not throw
 */
export function gathering<Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
  most = mostTogether,
): (asked: Asked<Item, Result>) => void {
  let waiting: Asked<Item, Result>[] = [];
  let underWay = 0;
  let asking = 0;

  const send = async (batch: readonly Asked<Item, Result>[]): Promise<void> => {
    underWay += 1;
    try {
      const results = await sendAll(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw unexpected();
      results.forEach((result, index) => {
        batch[index]?.resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      underWay -= 1;
      asking -= batch.length;
    }
  };
  const sendWaiting = () => {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    void send(batch);
  };

  return (asked) => {
    waiting.push(asked);
    asking += 1;
    const enough = underWay < 2 ? Math.max(worthACommand, asking / 2) : most;
    if (waiting.length >= Math.min(enough, most)) sendWaiting();
    else if (waiting.length === 1) (underWay === 0 ? process.nextTick : setImmediate)(sendWaiting);
  };
}

/** {@link gathering} with promises. */
export function together<Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const ask = gathering(sendAll);
  return (item) => new Promise((resolve, reject) => ask({ item, resolve, reject }));
}

function unexpected(): StoreUnavailable {
  return new StoreUnavailable('The store is unavailable: not one answer for each question.', 'unknown');
}
