/** What is asked in one turn of the event loop is asked of the store at once. */

import { StoreUnavailable } from '../core/errors.js';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Redis does nothing else while it runs a command, so none does more. */
const mostTogether = 64;

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
 * what a small command costs, on both sides. An item with nothing else under way leaves at once, as one caller alone
 * wants it. When a command fails, all of its items fail as it did.
 *
 * @param sendAll answers one result for each item, in their order
 */
export function together<Item, Result>(
  sendAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let underWay = 0;

  const send = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    underWay += 1;
    try {
      const results = await sendAll(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw unexpected();
      for (const [index, result] of results.entries()) batch[index]?.resolve(result);
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

  return (item) =>
    new Promise((resolve, reject) => {
      const one = { item, resolve, reject };
      if (underWay === 0 && waiting.length === 0) void send([one]);
      else if (waiting.push(one) === 1) setImmediate(sendWaiting);
    });
}

function unexpected(): StoreUnavailable {
  return new StoreUnavailable('The store is unavailable: not one answer for each question.', 'unknown');
}
