/**
 * Waits for logs to grow: one light poll per log and process, however many wait, and only while somebody does.
 *
 * XREAD BLOCK would need a connection per log, since it blocks everything behind it, and in a Cluster one per node.
 */

/**
 * Between two looks at a log, ms: the longest that a reader in another process waits for an entry while few logs are
 * watched.
 */
const pollMs = 100;
/**
 * The most looks per second of one process, for all logs: a look takes 26 µs, and webhooks watch the log of every tenant.
 */
const mostLooksPerSecond = 4_000;

interface Waiter {
  readonly after: string;
  readonly wake: () => void;
}

interface WatchedLog {
  readonly waiters: Set<Waiter>;
  timer: NodeJS.Timeout | undefined;
}

/** The waiters of all logs. */
export interface LogWaiters {
  /** Resolves when the log has an entry after `after`, when the signal fires, or on `stop`. */
  wait(log: string, after: string, signal: AbortSignal): Promise<void>;
  /** Wakes waiters at once for an entry that this process has appended. */
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
      // The reader gets the same error when it reads; a waiter need not.
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
    // An entry may have come between the newcomer's last read and now.
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
