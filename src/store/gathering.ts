/** What is asked in one turn of the event loop is asked of the store at once. */

import { StoreUnavailable } from '../core/errors.js';

/** What is asked, and whom the answer is told. */
export interface Asked<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Redis does nothing else while it runs a command, so none does more. */
export const mostTogether = 64;
/** So many leave while at most one command is under way: Redis works on them while we do on the rest. */
const enoughForTwo = 32;

/** Makes one of many: a function for all items at once becomes one for each of them. */
export type Gather = <Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
) => (item: Item) => Promise<Result>;

/** One command for each: on a Cluster the keys of a script must be of one slot. */
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
 * Gathers the items of one turn of the event loop. What ioredis, the socket and the start of a script take is most of
 * what a small command costs, on both sides. With nothing under way, what is asked by the code that runs now leaves as
 * soon as that has run, as one caller alone wants it. When a command fails, all of its items fail as it did.
 *
 * @param sendAll answers one result for each item, in their order
 * @returns takes an item, and tells its result or failure; what is told must not throw
 */
export function gathering<Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): (asked: Asked<Item, Result>) => void {
  let waiting: Asked<Item, Result>[] = [];
  let underWay = 0;

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
    if (waiting.length >= (underWay < 2 ? enoughForTwo : mostTogether)) sendWaiting();
    else if (waiting.length === 1) (underWay === 0 ? process.nextTick : setImmediate)(sendWaiting);
  };
}

/** {@link gathering} by promises. */
export function together<Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const ask = gathering(sendAll);
  return (item) => new Promise((resolve, reject) => ask({ item, resolve, reject }));
}

function unexpected(): StoreUnavailable {
  return new StoreUnavailable('The store is unavailable: not one answer for each question.', 'unknown');
}
