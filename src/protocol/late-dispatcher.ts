/** Connections that are opened when the first request needs them, or shortly before: a service that starts asks nobody. */

import type { Dispatcher } from 'undici';

/** What requests are sent through, not opened yet. */
export interface LateDispatcher {
  /** The same one each time. */
  open(): Promise<Dispatcher>;
  /** Ends what was opened. */
  close(): Promise<void>;
}

/** @param create makes it, of the parts of undici; called once at most */
export function openLate(create: (undici: typeof import('undici')) => Dispatcher): LateDispatcher {
  let opened: Promise<Dispatcher> | undefined;
  return {
    open: () => {
      // undici is 110 files: 70 ms, an eighth of the start, and 8 MB.
      opened ??= import('undici').then(create);
      return opened;
    },
    close: async () => (await opened)?.close(),
  };
}
