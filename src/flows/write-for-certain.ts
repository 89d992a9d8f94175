/** A write whose reply was lost is read back, so that the next step is done if, and only if, the write has happened. */

import { StoreUnavailable } from '../core/errors.js';
import type { WriteOutcome } from '../core/store.js';

/**
 * Writes, and reads back whether that has happened if the store does not say.
 *
 * @param write    the write, once
 * @param hasHappened whether the store is in a state that only this write can have made
 * @throws {StoreUnavailable} with `carriedOut` "no": it has certainly not happened; "unknown": reading back failed, too
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

/** Whether the error leaves open if the write has happened. */
export function isUnknown(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable && error.carriedOut === 'unknown';
}
