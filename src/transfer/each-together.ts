/** Does the same with each of many records, several at a time. */

/** As many as are read ahead: one after another, each would wait for several round trips to the stores. */
const mostTogether = 32;

/** When one fails, or no more can be read, those under way finish first, and no more are begun. */
export async function eachTogether<T>(all: AsyncIterable<T>, act: (one: T) => Promise<void>): Promise<void> {
  const underWay: Promise<void>[] = [];
  const failures: unknown[] = [];
  try {
    for await (const one of all) {
      underWay.push(act(one).catch((error: unknown) => void failures.push(error)));
      if (underWay.length === mostTogether) await Promise.all(underWay.splice(0));
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(underWay);
  }
  if (failures.length > 0) throw failures[0];
}
