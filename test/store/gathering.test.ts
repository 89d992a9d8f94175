/** What is asked in one turn of the event loop goes together, and each asker gets what is theirs. */

import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { oneByOne, together } from '../../src/store/gathering.js';

/** Doubles numbers, noting what came together; answers when told to. */
function doubling() {
  const batches: (readonly number[])[] = [];
  const waiting: (() => void)[] = [];
  const sendAll = async (items: readonly number[]) => {
    batches.push(items);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return items.map((item) => 2 * item);
  };
  return { batches, sendAll, answer: () => waiting.splice(0).map((each) => each()) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('asking together', () => {
  it('lets one alone leave at once, and gathers the others of its turn', async () => {
    const { batches, sendAll, answer } = doubling();
    const ask = together(sendAll);
    const asked = [1, 2, 3].map(ask);
    expect(batches).toEqual([[1]]);
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    answer();
    expect(await Promise.all(asked)).toEqual([2, 4, 6]);
  });

  it('asks for at most 64 by one command, in the order of the askers', async () => {
    const { batches, sendAll, answer } = doubling();
    const ask = together(sendAll);
    const asked = Array.from({ length: 130 }, (_, index) => ask(index));
    await turn();
    expect(batches.map(({ length }) => length)).toEqual([1, 64, 64, 1]);
    answer();
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 130 }, (_, index) => 2 * index));
  });

  it('fails all of a command as it failed, and nobody else', async () => {
    const failure = new StoreUnavailable('The store is unavailable: the test says so.', 'unknown');
    const ask = together(async (items: readonly number[]) => {
      if (items.includes(2)) throw failure;
      return items;
    });
    const results = await Promise.allSettled([ask(1), ask(2), ask(3)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(results[2]).toMatchObject({ reason: failure });
    expect(await ask(4)).toBe(4);
  });

  it('takes a reply of another length for none at all', async () => {
    const ask = together(async () => []);
    await expect(ask(1)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(oneByOne(async () => [])(1)).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
