/** A write whose reply was lost is read back: what follows it must be done if it has happened, and only then. */

import { StoreUnavailable } from '../core/errors.js';
import type { WriteOutcome } from '../core/store.js';

/**
 * Writes, and looks whether that has happened where the store does not say.
 *
 * @param write    the write, once
 * @param hasHappened whether the store is as it leaves it, and as nobody else would
 * @throws {StoreUnavailable} `carriedOut` tells for certain that it has not happened, or that nobody knows
 */
export async function writeForCertain(
  write: () => Promise<WriteOutcome>,
  hasHappened: () => Promise<boolean>,
): Promise<WriteOutcome> {
  try {
    return await write();
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const happened = await hasHappened().catch(() => undefined);
    if (happened === undefined) throw error;
    if (!happened) throw new StoreUnavailable(error.message, 'no');
    return 'stored';
  }
}

/** Whether it is about something that may have happened. */
export function isUnknown(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable && error.carriedOut === 'unknown';
}
