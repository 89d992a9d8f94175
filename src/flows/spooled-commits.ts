/** Keeps answers that the store does not take on disk, and stores at the start what an earlier process left there. */

import { setTimeout as sleep } from 'node:timers/promises';
import { withParameters } from '../core/provider-endpoints.js';
import type { SpooledCommit } from '../core/store.js';
import { commitRefreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import { findProvider } from './provider-of.js';

/** The start waits so long for a store that answers; then it goes on, and so does this, ms. */
const startWaitsMs = 1_500;

/**
 * Stores what lies in the spool, as the process would have done that had the answers. Resolves when that is done, or soon
 * in any case; a store that is down is waited for in the background.
 */
export async function storeSpooled(deps: Dependencies): Promise<void> {
  const { spool } = deps.store;
  if (spool === undefined) return;
  const commits = await spool.list();
  if (commits.length === 0) return;
  deps.log.warn({ count: commits.length }, 'refreshed token sets of an earlier process are being stored');
  const all = Promise.all(commits.map((commit) => storeOne(deps, commit)));
  all.catch(() => undefined);
  await Promise.race([all, sleep(startWaitsMs, undefined, { ref: false })]);
}

/** A provider that is not configured any more leaves its answers where they are. */
async function storeOne(deps: Dependencies, { sent, answer }: SpooledCommit): Promise<void> {
  try {
    const provider = await findProvider(deps, sent.connection.provider);
    if (provider === undefined) return;
    await commitRefreshed(deps, {
      provider: withParameters(provider, sent.connection.parameters),
      sent,
      answer,
      holder: 'spool',
    });
    await deps.store.spool?.drop({ sent, answer });
  } catch (error) {
    deps.log.error(
      { provider: sent.connection.provider, failure: nameOf(error) },
      'a spooled token set was not stored',
    );
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
