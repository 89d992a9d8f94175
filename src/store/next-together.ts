/** What comes while a write is under way is written together by the next one. */

import { mostTogether } from './gathering.js';

/** A write that takes longer, ms, is not waited for: behind a store that hangs, callers would queue up. */
const patienceMs = 20;

interface Batch<Item, Result> {
  readonly items: Item[];
  readonly results: Promise<readonly Result[]>;
}

/**
 * Makes one of many, one write at a time: a busy process has fewer and larger writes, each of which is sealed, sent and
 * answered once, and one alone is written at once. Whoever waits for an item waits for the write before it, too, but not
 * for long. When a write fails, all of its items fail as it did, and no others.
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

/** Resolves a turn later: those that the same answer of the store lets go on come in time for the next write. */
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
