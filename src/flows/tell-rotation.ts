/** Tells the host that a fixed identity's refresh token was replaced. */

import type { StoredConnection } from '../core/connection.js';
import { internalTenant } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import type { TokenSet } from '../core/token-set.js';
import type { Dependencies } from './dependencies.js';

/**
 * Calls the hook if the refresh token changed. What the hook does or fails to do changes nothing: the new token is in
 * the store. People's own refresh tokens are told to nobody.
 */
export async function tellRotation(
  { onRotate, log }: Dependencies,
  refreshed: { provider: Provider; sent: StoredConnection; answer: TokenSet },
): Promise<void> {
  const { tenant, tokenSet } = refreshed.sent.connection;
  const previous = tokenSet.refreshToken;
  const { refreshToken } = refreshed.answer;
  if (onRotate === undefined || tenant !== internalTenant) return;
  if (refreshToken === undefined || previous === undefined || refreshToken.reveal() === previous.reveal()) return;
  const provider = refreshed.provider.id;
  try {
    await onRotate({ provider, refreshToken, previous });
  } catch {
    log.error({ provider }, 'the rotation hook of the host failed');
  }
}
