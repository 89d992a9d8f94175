/** Does what only one process may do at a time. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dependencies } from './dependencies.js';

/** Longer than the few writes that are done under it take. */
const leaseMs = 5_000;
const lookEveryMs = 25;

/** What is held, and what is thrown when another process does not let go of it. */
export interface Held {
  readonly name: string;
  readonly busy: () => Error;
}

/** Waits for its turn, for ten seconds at most; a process that died in the midst of it is waited for no longer than five. */
export async function holding<T>(
  { store: { leases }, now }: Pick<Dependencies, 'store' | 'now'>,
  { name, busy }: Held,
  work: () => Promise<T>,
): Promise<T> {
  const holder = randomUUID();
  for (const giveUpAt = now() + 2 * leaseMs; !(await leases.acquire(name, holder, leaseMs)); ) {
    if (now() >= giveUpAt) throw busy();
    await sleep(lookEveryMs);
  }
  try {
    return await work();
  } finally {
    await leases.release(name, holder).catch(() => undefined);
  }
}
