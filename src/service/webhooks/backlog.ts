/** How many events wait for the receiver. */

import { isTold } from '../../core/events.js';
import type { TenantId } from '../../core/identifiers.js';
import type { Store } from '../../core/store.js';
import { findProgress } from './progress.js';

/** Where counting stops, per tenant: whoever reads the figure wants to know whether it is none, some or very many. */
const most = 1_000;
/** Tenants that are looked at together. */
const atOnce = 32;
/** So many times as long as it took to count nobody counts again: 5 % of the time, however many tenants there are. */
const restFactor = 19;

type Logs = Pick<Store, 'events' | 'documents'>;

/** Events that are kept and not yet dealt with, of all tenants; at most 1,000 of each. @throws {StoreUnavailable} */
export async function countBacklog(store: Logs): Promise<number> {
  const tenants = await store.events.tenants();
  let waiting = 0;
  for (let first = 0; first < tenants.length; first += atOnce) {
    const counts = await Promise.all(tenants.slice(first, first + atOnce).map((tenant) => countOf(store, tenant)));
    waiting = counts.reduce((sum, count) => sum + count, waiting);
  }
  return waiting;
}

async function countOf({ events, documents }: Logs, tenant: TenantId): Promise<number> {
  const { cursor } = await findProgress(documents, tenant);
  const entries = await events.read(tenant, cursor, most);
  return entries.filter(({ event }) => isTold(event)).length;
}

/** Counts for all who ask, and again after a rest; one that fails is made again by the next who asks. */
export function withRests(count: () => Promise<number>): () => Promise<number> {
  let last: Promise<number> | undefined;
  let restsUntil = 0;
  const begin = () => {
    const begunAt = performance.now();
    restsUntil = Number.POSITIVE_INFINITY;
    last = count();
    last.then(
      () => {
        restsUntil = performance.now() + restFactor * (performance.now() - begunAt);
      },
      () => {
        restsUntil = 0;
      },
    );
    return last;
  };
  return () => (last !== undefined && performance.now() < restsUntil ? last : begin());
}
