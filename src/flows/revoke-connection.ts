/** Revokes a connection's tokens at its provider, as far as that can be done. */

import type { Connection } from '../core/connection.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { RevocationOutcome } from '../core/views.js';
import { revokeTokens } from '../protocol/revocation.js';
import { afterwards } from './afterwards.js';
import type { Dependencies } from './dependencies.js';
import { findProvider, httpOf } from './provider-of.js';
import { isTokenHeld } from './shared-token.js';

/**
 * Revokes tokens of a connection that is not stored any more. Never throws; takes a bounded time.
 *
 * @returns `no` when the provider did not confirm or is no longer configured, or when somebody else has the same token
 */
export async function revokeConnection(
  deps: Dependencies,
  connection: Pick<Connection, 'provider' | 'tokenSet' | 'parameters'>,
): Promise<RevocationOutcome> {
  let outcome: RevocationOutcome = 'no';
  await afterwards(deps, 'revocation', async () => {
    const provider = await findProvider(deps, connection.provider);
    if (provider === undefined || (await isTokenHeld(deps, connection))) return;
    const placed = withParameters(provider, connection.parameters);
    outcome = await revokeTokens(placed, connection.tokenSet, httpOf(deps, provider));
  });
  return outcome;
}
