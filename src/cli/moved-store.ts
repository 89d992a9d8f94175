/** What an operator has to know before maintaining a store that was migrated. */

import type { StorageEngine } from '../store/engine.js';
import { isMoved } from '../store/migration-mark.js';

const warning =
  'This store was migrated. Where the new one has been used, refresh tokens here are spent, and who sends one ends its grant: go on only if the new store was lost before that.';

/** Writes the warning to stderr. */
export async function warnOfMoved(engine: StorageEngine): Promise<void> {
  if (await isMoved(engine)) console.error(warning);
}
