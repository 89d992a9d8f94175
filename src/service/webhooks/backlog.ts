/** How many events wait for the receiver. */

import { isTold } from '../../core/events.js';
import type { Store } from '../../core/store.js';
import { findProgress } from './progress.js';

/** Where counting stops, per tenant: whoever reads the figure wants to know whether it is none, some or very many. */
const most = 1_000;

/** Events that are kept and not yet dealt with, of all tenants; at most 1,000 of each. @throws {StoreUnavailable} */
export async function countBacklog({ events, documents }: Pick<Store, 'events' | 'documents'>): Promise<number> {
  let waiting = 0;
  for (const tenant of await events.tenants()) {
    const { cursor } = await findProgress(documents, tenant);
    const entries = await events.read(tenant, cursor, most);
    waiting += entries.filter(({ event }) => isTold(event)).length;
  }
  return waiting;
}
