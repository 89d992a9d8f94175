/** One write at a time: what comes meanwhile goes together with the next one. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { nextTogether } from '../../src/store/next-together.js';

/** Doubles numbers, noting what was written together; each write ends when it is told to. */
function doubling() {
  const writes: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  const writeAll = async (items: readonly number[]) => {
    writes.push([...items]);
    await new Promise<void>((resolve) => ends.push(resolve));
    return items.map((item) => 2 * item);
  };
  return { writes, write: nextTogether(writeAll), end: () => ends.splice(0).forEach((each) => void each()) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const someTurns = async () => {
  for (let turns = 0; turns < 5; turns += 1) await turn();
};

// However slow the machine is, no write takes too long but where the test says so.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterAll(() => {
  vi.useRealTimers();
});

describe('writing what comes together', () => {
  it('writes one alone at once, and those that come meanwhile by one write after it', async () => {
    const { writes, write, end } = doubling();
    const first = write(1);
    await Promise.resolve();
    expect(writes).toEqual([[1]]);
    const others = [write(2), write(3)];
    await someTurns();
    expect(writes).toEqual([[1]]);
    end();
    expect(await first).toBe(2);
    await someTurns();
    expect(writes).toEqual([[1], [2, 3]]);
    end();
    expect(await Promise.all(others)).toEqual([4, 6]);
  });

  it('writes at most 64 together, each in its place', async () => {
    const { writes, write, end } = doubling();
    const numbers = Array.from({ length: 130 }, (_, index) => index);
    const written = numbers.map(write);
    for (let ended = 0; ended < 3; ended += 1) {
      await someTurns();
      end();
    }
    expect(await Promise.all(written)).toEqual(numbers.map((number) => 2 * number));
    expect(writes.map(({ length }) => length)).toEqual([64, 64, 2]);
  });

  it('waits for no write that does not end: behind a store that hangs nobody queues up', async () => {
    const { writes, write, end } = doubling();
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const written = numbers.map(write);
    for (let round = 0; round < 4; round += 1) {
      await someTurns();
      vi.advanceTimersByTime(100);
    }
    expect(writes.map(({ length }) => length)).toEqual([64, 64, 64, 8]);
    end();
    expect(await Promise.all(written)).toEqual(numbers.map((number) => 2 * number));
  });

  it('fails all of a write as it failed, and goes on with the next', async () => {
    const failure = new StoreUnavailable('The store is unavailable: the test says so.', 'unknown');
    const write = nextTogether(async (items: readonly number[]) => {
      if (items.includes(2)) throw failure;
      return items;
    });
    const first = write(1);
    await Promise.resolve();
    const results = await Promise.allSettled([first, write(2), write(3)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(results[2]).toMatchObject({ reason: failure });
    expect(await write(4)).toBe(4);
  });

  it('takes an answer of another length for a fault', async () => {
    await expect(nextTogether(async () => [])(1)).rejects.toBeInstanceOf(TypeError);
  });
});
