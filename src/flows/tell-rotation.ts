/** Tells the host that a fixed identity's refresh token was replaced. */

import type { StoredConnection } from '../core/connection.js';
import { internalTenant } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import type { TokenSet } from '../core/token-set.js';
import type { Rotation } from '../core/token-source.js';
import type { Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';

/** Callers wait for the hook, but no longer than this, ms: one that hangs must not hang them all. */
const hookPatienceMs = 10_000;

/**
 * Calls the hook if the refresh token changed, and waits for it for a while. Whether the hook fails changes nothing: the new
 * token is in the store. The host is not told of a token that was dropped for a newer one, nor of people's own tokens.
 */
export async function tellRotation(
  deps: Dependencies,
  refreshed: { provider: Provider; sent: StoredConnection; answer: TokenSet; committed: Refreshed },
): Promise<void> {
  const { sent, answer, committed } = refreshed;
  const { tenant, tokenSet } = sent.connection;
  const previous = tokenSet.refreshToken;
  const { refreshToken } = answer;
  if (deps.onRotate === undefined || tenant !== internalTenant) return;
  if (refreshToken === undefined || previous === undefined || refreshToken.reveal() === previous.reveal()) return;
  if (committed.kind === 'gone') return;
  if (committed.stored.connection.tokenSet.refreshToken?.reveal() !== refreshToken.reveal()) return;
  const provider = refreshed.provider.id;
  if (await endsInTime(callHook(deps, { provider, refreshToken, previous }))) return;
  deps.log.error({ provider }, 'the rotation hook of the host takes too long; nobody waits for it any more');
}

/** Never rejects, however late the hook fails. */
async function callHook({ onRotate, log }: Dependencies, rotation: Rotation): Promise<void> {
  try {
    await onRotate?.(rotation);
  } catch {
    log.error({ provider: rotation.provider }, 'the rotation hook of the host failed');
  }
}

async function endsInTime(hook: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, hookPatienceMs, false);
  });
  try {
    return await Promise.race([hook.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
