/** Warns before a refresh token ends for good, so that the user can be asked to reconnect before anything stops working. */

import type { Connection } from '../core/connection.js';
import type { Provider } from '../core/provider.js';
import { hardEndOf } from '../core/refresh-end.js';
import { about, announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import { warningFrom } from './schedule.js';

/** Longer than any warning time, so that each end is told of once, ms. */
const toldForMs = 30 * 86_400_000;

/** Raises `connection.updated` with the change `refresh_token_ends_soon`, once for each end. */
export async function warnOfEnd(deps: Dependencies, provider: Provider, connection: Connection): Promise<void> {
  const from = warningFrom(connection, provider);
  const at = deps.now();
  if (from === undefined || at < from) return;
  const { connectionId, tenant, tokenSet } = connection;
  const end = hardEndOf(provider, tokenSet, connection.connectedAt);
  const { count } = await deps.store.counters.add(`ends-soon/${connectionId}/${end}`, toldForMs);
  if (count > 1) return;
  const change = 'refresh_token_ends_soon';
  await announce(deps, tenant, { type: 'connection.updated', change, ...about(connection, at) });
}
