/** What follows a change that has been made already: its failure must neither undo the change nor hide it. */

import { OAuthManagerError } from '../core/errors.js';
import type { Dependencies } from './dependencies.js';

/** Does it as far as the store allows; a failure is logged. @param what names it in the log */
export async function afterwards(
  { log }: Pick<Dependencies, 'log'>,
  what: string,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof OAuthManagerError)) throw error;
    log.warn({ what, code: error.code }, 'what follows a change could not be done');
  }
}
