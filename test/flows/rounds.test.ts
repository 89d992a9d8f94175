/** Pauses between the rounds of a worker: as the round says, and growing while rounds fail. */

import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { Rounds } from '../../src/flows/rounds.js';

/** Runs a round per entry, a pause or a failure, then stops; answers the pauses that were made, and what was logged. */
async function run(ends: readonly (number | Error)[]) {
  const pauses: number[] = [];
  const logged: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => void logged.push(fields) };
  await new Promise<void>((resolve) => {
    const left = [...ends];
    const round = async () => {
      const end = left.shift();
      if (left.length === 0) void rounds.stop().then(resolve);
      if (end instanceof Error) throw end;
      return end ?? 0;
    };
    const rounds = new Rounds({ name: 'test', log }, round, async (ms) => void pauses.push(ms));
    rounds.start();
  });
  return { pauses, logged };
}

const fault = new TypeError('CANARY');
const away = new StoreUnavailable('CANARY', 'no');

describe('a worker that looks again and again', () => {
  it('pauses as long as each round says, and not at all when it says so', async () => {
    expect(await run([5, 0, 0, 7])).toEqual({ pauses: [5, 7], logged: [] });
  });

  it('pauses a second after a failure, twice as long after each that follows, ten seconds at most', async () => {
    const { pauses } = await run(Array(6).fill(away));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('begins with a second again after a round that went well', async () => {
    const { pauses } = await run([away, away, 0, away, 3, away]);
    expect(pauses).toEqual([1_000, 2_000, 1_000, 3, 1_000]);
  });

  it('logs failures in a row once, each kind of them, and again after a round that went well', async () => {
    const { logged } = await run([away, away, away, fault, fault, 0, fault, away]);
    expect(logged).toEqual(
      ['store_unavailable', 'TypeError', 'TypeError', 'store_unavailable'].map((failure) => ({
        worker: 'test',
        failure,
      })),
    );
  });

  it('makes no round any more once it is stopped, and ends a pause', async () => {
    let count = 0;
    const rounds = new Rounds({ name: 'test', log: silentLog }, async () => {
      count += 1;
      return 3_600_000;
    });
    rounds.start();
    await rounds.stop();
    expect(count).toBe(1);
  });
});
