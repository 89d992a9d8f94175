/** Items that arrive while a write is under way are written together by the next one. */

import { mostTogether } from './gathering.js';

/** A write that takes longer than this, ms, is not waited for: with a store that hangs, callers would queue up. */
const patienceMs = 20;

interface Batch<Item, Result> {
  readonly items: Item[];
  readonly results: Promise<readonly Result[]>;
}

/**
 * Combines single writes into larger ones, one at a time: a busy process has fewer and larger writes, each of which is
 * sealed, sent and answered once, and a single item is written at once. Whoever waits for an item also waits for the write
 * before it, but not for long. When a write fails, all of its items fail, and no others.
 *
 * @param writeAll answers one result for each item, in their order
 */
export function nextTogether<Item, Result>(
  writeAll: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let gathering: Batch<Item, Result> | undefined;
  let before: Promise<unknown> = Promise.resolve();

  const begin = (): Batch<Item, Result> => {
    const items: Item[] = [];
    const results = before.then(() => {
      if (gathering?.items === items) gathering = undefined;
      return writeAll(items);
    });
    before = ended(results);
    return { items, results };
  };
  return async (item) => {
    if (gathering === undefined || gathering.items.length === mostTogether) gathering = begin();
    const { items, results } = gathering;
    const index = items.push(item) - 1;
    const result = (await results)[index];
    if (result === undefined) throw new TypeError('Not one result for each item.');
    return result;
  };
}

/** Resolves one turn later, so that callers released by the same reply of the store are in time for the next write. */
function ended(write: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    const end = () => {
      clearTimeout(timer);
      setImmediate(resolve);
    };
    write.then(end, end);
  });
}
