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

/**
 * Waits for its turn, at most ten seconds; a process that died while it had its turn blocks the others for five at most.
 *
 * @param work may ask whether it still has its turn: a process that stood still may have been overtaken
 */
export async function holding<T>(
  { store: { leases }, now }: Pick<Dependencies, 'store' | 'now'>,
  { name, busy }: Held,
  work: (isOurTurn: () => boolean) => Promise<T>,
): Promise<T> {
  const holder = randomUUID();
  const giveUpAt = now() + 2 * leaseMs;
  let askedAt = now();
  for (; !(await leases.acquire(name, holder, leaseMs)); askedAt = now()) {
    if (now() >= giveUpAt) throw busy();
    await sleep(lookEveryMs);
  }
  try {
    return await work(() => now() < askedAt + leaseMs);
  } finally {
    await leases.release(name, holder).catch(() => undefined);
  }
}
