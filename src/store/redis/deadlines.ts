/** Replies that must arrive in time. One timer watches all of them: a timer per call took 1.2 µs. */

import { DeadlinePassed } from './failures.js';

/** How much later than its deadline a wait may end, ms. */
const lookEveryMs = 10;

interface Wait {
  readonly endsAt: number;
  readonly reject: (error: Error) => void;
}

const waits = new Set<Wait>();
let timer: NodeJS.Timeout | undefined;

/**
 * The reply, if it comes before `endsAt` (ms of `performance.now`).
 *
 * @throws {DeadlinePassed} it did not; what happens to the reply later is ignored
 */
export function within<T>(endsAt: number, reply: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait = { endsAt, reject };
    waits.add(wait);
    // After the replies that have come while this process was busy.
    timer ??= setInterval(() => setImmediate(look), lookEveryMs);
    reply.then(
      (value) => {
        waits.delete(wait);
        resolve(value);
      },
      (error) => {
        waits.delete(wait);
        reject(error);
      },
    );
  });
}

function look(): void {
  const now = performance.now();
  for (const wait of waits) {
    if (now < wait.endsAt) continue;
    waits.delete(wait);
    wait.reject(new DeadlinePassed());
  }
  if (waits.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
