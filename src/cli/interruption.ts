/** Lets a long command end in order at the first SIGINT or SIGTERM; a second one ends it at once. */

/** Aborts at the first signal. */
export function interruption(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  return ending.signal;
}
