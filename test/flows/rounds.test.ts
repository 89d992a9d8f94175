/** Pauses between the rounds of a worker: as the round says, and growing while rounds fail. */

import { describe, expect, it } from 'vitest';
import { Rounds } from '../../src/flows/rounds.js';

/** Runs a round per entry, a pause or a failure, then stops; answers the pauses that were made. */
async function pausesAfter(ends: readonly (number | 'fails')[]): Promise<readonly number[]> {
  const pauses: number[] = [];
  await new Promise<void>((resolve) => {
    const left = [...ends];
    const round = async () => {
      const end = left.shift();
      if (left.length === 0) void rounds.stop().then(resolve);
      if (end === 'fails') throw new Error('the test says so');
      return end ?? 0;
    };
    const rounds = new Rounds(round, async (ms) => void pauses.push(ms));
    rounds.start();
  });
  return pauses;
}

describe('a worker that looks again and again', () => {
  it('pauses as long as each round says, and not at all when it says so', async () => {
    expect(await pausesAfter([5, 0, 0, 7])).toEqual([5, 7]);
  });

  it('pauses a second after a failure, twice as long after each that follows, ten seconds at most', async () => {
    expect(await pausesAfter(Array(6).fill('fails'))).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('begins with a second again after a round that went well', async () => {
    expect(await pausesAfter(['fails', 'fails', 0, 'fails', 3, 'fails'])).toEqual([1_000, 2_000, 1_000, 3, 1_000]);
  });

  it('makes no round any more once it is stopped, and ends a pause', async () => {
    let count = 0;
    const rounds = new Rounds(async () => {
      count += 1;
      return 3_600_000;
    });
    rounds.start();
    await rounds.stop();
    expect(count).toBe(1);
  });
});
