/**
 * Waits for logs to grow: one light poll per log and process, however many wait, and only while somebody does.
 *
 * XREAD BLOCK would need a connection per log, since it blocks all that comes behind it, and on a Cluster one per node.
 */

/** Between two looks at a log, ms: what a reader in another process waits for an entry at most, as long as few are watched. */
const pollMs = 100;
/** So often a second a process looks, at all logs together: a look takes 26 µs, and webhooks watch every tenant there ever was. */
const mostLooksPerSecond = 4_000;

interface Waiter {
  readonly after: string;
  readonly wake: () => void;
}

interface WatchedLog {
  readonly waiters: Set<Waiter>;
  timer: NodeJS.Timeout | undefined;
}

/** Those who wait, by log. */
export interface LogWaiters {
  /** Resolves when the log has an entry after `after`, when the signal fires, or on `stop`. */
  wait(log: string, after: string, signal: AbortSignal): Promise<void>;
  /** Tells at once of an entry that this process appended. */
  announce(log: string, id: string): void;
  stop(): void;
}

/** @param newestId asks the store; while it cannot answer, waiting goes on. */
export function createLogWaiters(
  newestId: (log: string) => Promise<string>,
  isAfter: (id: string, other: string) => boolean,
): LogWaiters {
  const watched = new Map<string, WatchedLog>();
  let stopped = false;

  const announce = (log: string, id: string) => {
    for (const waiter of watched.get(log)?.waiters ?? []) if (isAfter(id, waiter.after)) waiter.wake();
  };
  const look = async (log: string, entry: WatchedLog) => {
    try {
      announce(log, await newestId(log));
    } catch {
      // The reader meets the same failure when it reads; it is not for the one who waits.
    }
    const pauseMs = Math.max(pollMs, (watched.size * 1_000) / mostLooksPerSecond);
    if (entry.waiters.size > 0) entry.timer = setTimeout(() => void look(log, entry), pauseMs);
    else if (watched.get(log) === entry) watched.delete(log);
  };
  const join = (log: string, waiter: Waiter) => {
    const known = watched.get(log);
    const entry = known ?? { waiters: new Set<Waiter>(), timer: undefined };
    entry.waiters.add(waiter);
    watched.set(log, entry);
    // The newcomer may have missed an entry between its reading and now.
    if (!known) void look(log, entry);
    return entry;
  };

  return {
    wait: (log, after, signal) =>
      new Promise((resolve) => {
        if (stopped || signal.aborted) return resolve();
        const wake = () => {
          entry.waiters.delete(waiter);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const waiter = { after, wake };
        signal.addEventListener('abort', wake);
        const entry = join(log, waiter);
      }),
    announce,
    stop: () => {
      stopped = true;
      for (const { waiters, timer } of watched.values()) {
        clearTimeout(timer);
        for (const { wake } of waiters) wake();
      }
      watched.clear();
    },
  };
}
