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

const tick = () => new Promise((resolve) => process.nextTick(resolve));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('asking together', () => {
  it('lets what is asked at once leave as soon as who asked has run', async () => {
    const { batches, sendAll, answer } = doubling();
    const ask = together(sendAll);
    const asked = [1, 2, 3].map(ask);
    expect(batches).toEqual([]);
    await tick();
    expect(batches).toEqual([[1, 2, 3]]);
    answer();
    expect(await Promise.all(asked)).toEqual([2, 4, 6]);
  });

  it('gathers for a whole turn while something is under way', async () => {
    const { batches, sendAll, answer } = doubling();
    const ask = together(sendAll);
    const asked = [ask(1)];
    await tick();
    asked.push(ask(2));
    await tick();
    asked.push(ask(3));
    expect(batches).toEqual([[1]]);
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    answer();
    expect(await Promise.all(asked)).toEqual([2, 4, 6]);
  });

  it('waits for no turn to end with 32, and with 64 while two commands are under way', async () => {
    const { batches, sendAll, answer } = doubling();
    const ask = together(sendAll);
    const asked = Array.from({ length: 140 }, (_, index) => ask(index));
    expect(batches.map(({ length }) => length)).toEqual([32, 32, 64]);
    await turn();
    expect(batches.map(({ length }) => length)).toEqual([32, 32, 64, 12]);
    expect(batches.flat()).toEqual(asked.map((_, index) => index));
    answer();
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 140 }, (_, index) => 2 * index));
  });

  it('fails all of a command as it failed, and nobody else', async () => {
    const failure = new StoreUnavailable('The store is unavailable: the test says so.', 'unknown');
    const ask = together(async (items: readonly number[]) => {
      if (items.includes(2)) throw failure;
      return items;
    });
    const first = ask(1);
    await tick();
    const results = await Promise.allSettled([first, ask(2), ask(3)]);
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
