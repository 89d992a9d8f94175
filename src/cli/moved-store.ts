/** What an operator has to know before maintaining a store that was migrated. */

import type { StorageEngine } from '../store/engine.js';
import { isMoved } from '../store/migration-mark.js';

const warning =
  'This store was migrated. If the new store has been used, refresh tokens in this one are spent, and sending one ends its grant: go on only if the new store was lost before it was used.';

/** Writes the warning to stderr. */
export async function warnOfMoved(engine: StorageEngine): Promise<void> {
  if (await isMoved(engine)) console.error(warning);
}
