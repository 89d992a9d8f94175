/** At the start, stores the token sets that an earlier process left on disk because the store was down. */

import { withParameters } from '../core/provider-endpoints.js';
import type { SpooledCommit } from '../core/spool.js';
import { commitRefreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import { findProvider } from './provider-of.js';
import { tellRotation } from './tell-rotation.js';

/**
 * Stores what lies in the spool, as the process that received the answers would have done. Resolves when all is stored,
 * however long the store is down, or when this process ends.
 */
export async function storeSpooled(deps: Dependencies): Promise<void> {
  const { spool } = deps.store;
  if (spool === undefined) return;
  const commits = await spool.list();
  if (commits.length === 0) return;
  deps.log.warn({ count: commits.length }, 'refreshed token sets of an earlier process are being stored');
  await Promise.all(commits.map((commit) => storeOne(deps, commit)));
}

/** The answers of a provider that is no longer configured stay in the spool. */
async function storeOne(deps: Dependencies, { sent, answer }: SpooledCommit): Promise<void> {
  try {
    const provider = await findProvider(deps, sent.connection.provider);
    if (provider === undefined) return;
    const told: Promise<void>[] = [];
    const refresh = { provider: withParameters(provider, sent.connection.parameters), sent, answer };
    const note = (written: Promise<void>) => void told.push(written);
    const committed = await commitRefreshed(deps, { ...refresh, holder: 'spool', note });
    await tellRotation(deps, { ...refresh, committed });
    await Promise.all(told);
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
