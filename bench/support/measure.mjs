/** Measures several subjects in turns, so that other load on the machine affects all of them alike. */

/** The middle of a list of numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How often per second `once` is done by so many callers, each of which repeats it.
 *
 * @param once an asynchronous act; its argument is the number of the turn
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

/** Runs `work` for 0..count-1, so many at a time; answers how many per second. */
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
 * @returns by name: the median, and the median of the ratios to the first subject in each round
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
