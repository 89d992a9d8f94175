/** The list of grants that wait for a proof. There are few: each is proven or ended within minutes. */

import { z } from 'zod';
import { type Owner, tenantIdSchema, userIdSchema } from '../core/identifiers.js';
import { afterwards } from './afterwards.js';
import type { Dependencies } from './dependencies.js';
import { WorkList } from './work-list.js';

const collection = 'awaiting-grants';

const entrySchema = z.object({
  tenant: tenantIdSchema,
  userId: userIdSchema,
  /** Epoch ms. */
  endsAt: z.number(),
});

/** Where a grant is, and until when it may be proven (epoch ms). */
export interface ListedGrant {
  readonly owner: Owner;
  readonly connectId: string;
  readonly endsAt: number;
}

/** Lists a grant. Before it is stored, so that none is forgotten. @throws {StoreUnavailable} */
export async function listGrant({ store }: Dependencies, { owner, connectId, endsAt }: ListedGrant): Promise<void> {
  const { tenant, userId } = owner;
  await store.documents.put(collection, connectId, { tenant, userId, endsAt });
}

/** Takes a grant off the list. One that stays is found out to be gone when its time comes. */
export function unlistGrant({ store, log }: Dependencies, connectId: string): Promise<void> {
  return afterwards({ log }, collection, () => store.documents.remove(collection, connectId));
}

/** All that wait, for a worker to go over. */
export function createGrantList(deps: Pick<Dependencies, 'store' | 'log'>): {
  read(): Promise<readonly ListedGrant[]>;
} {
  const list = new WorkList(deps, collection, entrySchema);
  return {
    async read() {
      const entries = [...(await list.read())];
      return entries.map(([connectId, { tenant, userId, endsAt }]) => ({
        owner: { tenant, userId },
        connectId,
        endsAt,
      }));
    },
  };
}
