/** Waiting for a log: this process wakes its waiters at once; a cheap check of the file finds entries of other processes. */

/** How often the file is checked for entries of other processes, ms; only while somebody waits. */
const lookEveryMs = 100;
/** How many waiters are checked each time; if there are more, they take turns. */
const mostAtOnce = 400;

interface Waiter {
  readonly log: string;
  readonly after: string;
  readonly go: () => void;
}

/** Lets callers wait for a log. */
export interface LogWaiters {
  /** Resolves when there may be an entry after the id, or when the signal fires. */
  readonly wait: (log: string, after: string, signal: AbortSignal) => Promise<void>;
  /** Call it when this process has appended something. */
  readonly wake: (log: string) => void;
}

/** @param hasAfter whether the log has an entry after the id */
export function logWaiters(hasAfter: (log: string, after: string) => Promise<boolean>): LogWaiters {
  const waiting = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    for (const waiter of [...waiting].slice(0, mostAtOnce)) {
      if (!waiting.delete(waiter)) continue;
      waiting.add(waiter); // behind all others
      // If the store fails or was closed, the waiter reads next and finds out.
      if (await hasAfter(waiter.log, waiter.after).catch(() => true)) waiter.go();
    }
  }

  function add(waiter: Waiter): void {
    waiting.add(waiter);
    timer ??= setInterval(() => void look(), lookEveryMs);
  }

  function remove(waiter: Waiter): void {
    waiting.delete(waiter);
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    async wait(log, after, signal) {
      if (signal.aborted) return;
      const { promise, go } = gate();
      const waiter = { log, after, go };
      signal.addEventListener('abort', go, { once: true });
      add(waiter);
      try {
        if (await hasAfter(log, after)) return; // checked after it was added, so that no entry is missed in between
        await promise;
      } finally {
        remove(waiter);
        signal.removeEventListener('abort', go);
      }
    },
    wake(log) {
      for (const waiter of waiting) if (waiter.log === log) waiter.go();
    },
  };
}

/** A promise and the function that resolves it (`Promise.withResolvers` is missing in Node 20). */
function gate(): { readonly promise: Promise<void>; readonly go: () => void } {
  let go: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    go = resolve;
  });
  return { promise, go };
}
