/** Measures several subjects in turns, so that whatever else the machine does falls on all of them alike. */

/** The middle of a list of numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How often `once` is done per second by so many callers, each beginning anew when it is done.
 *
 * @param once an asynchronous act, given the number of the turn
 */
export async function perSecond(once, { callers, ms }) {
  const begun = performance.now();
  const endsAt = begun + ms;
  let done = 0;
  const caller = async (first) => {
    for (let turn = first; performance.now() < endsAt; turn += callers) {
      await once(turn);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  return done / ((performance.now() - begun) / 1000);
}

/** Runs `work` for 0..count-1, so many at a time; answers how many a second. */
export async function rate(count, atOnce, work) {
  let next = 0;
  const startedAt = performance.now();
  const loop = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return (count * 1_000) / (performance.now() - startedAt);
}

/**
 * Measures all subjects once per round (A B C, A B C, …) after one round that does not count.
 *
 * @param subjects functions by name; each answers one number
 * @returns per name the median, and the median of its ratios to the first subject, round by round
 */
export async function inTurns(subjects, rounds) {
  const names = Object.keys(subjects);
  const seen = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const name of names) {
      const figure = await subjects[name]();
      if (round >= 0) seen[name].push(figure);
    }
  }
  const baseline = seen[names[0]];
  return Object.fromEntries(
    names.map((name) => [
      name,
      { median: median(seen[name]), ratio: median(seen[name].map((figure, round) => figure / baseline[round])) },
    ]),
  );
}
