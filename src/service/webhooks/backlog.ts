/** How many events wait for the receiver. */

import { isTold } from '../../core/events.js';
import type { TenantId } from '../../core/identifiers.js';
import type { Store } from '../../core/store.js';
import { findProgress } from './progress.js';

/** Where counting stops, per tenant: it is enough to know whether there are none, some or very many. */
const most = 1_000;
/** How many tenants are counted at the same time. */
const atOnce = 32;
/**
 * After a count it rests for so many times as long as that took: counting takes 5 % of the time, with any number of tenants.
 */
const restFactor = 19;

type Logs = Pick<Store, 'events' | 'documents'>;

/**
 * Events that are kept and not yet delivered or given up, of all tenants; at most 1,000 of each. @throws {StoreUnavailable}
 */
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

/** One count answers all who ask, until its rest is over; a count that failed is repeated for the next one who asks. */
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
