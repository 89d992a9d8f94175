/** Lets a long command end in order at the first SIGINT or SIGTERM; a second one ends it at once. */

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Runs `work`, whose signal aborts at the first SIGINT or SIGTERM. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  const end = () => {
    for (const signal of signals) process.off(signal, end);
    ending.abort();
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work(ending.signal);
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}
