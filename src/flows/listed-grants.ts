/** The list of grants that wait for a proof. There are few: each is proven or ended within minutes. */

import { z } from 'zod';
import {
  type Owner,
  type ProviderId,
  providerIdSchema,
  type TenantId,
  tenantIdSchema,
  userIdSchema,
} from '../core/identifiers.js';
import { afterwards } from './afterwards.js';
import type { Dependencies } from './dependencies.js';
import { WorkList } from './work-list.js';

const collection = 'awaiting-grants';

const entrySchema = z.object({
  tenant: tenantIdSchema,
  userId: userIdSchema,
  /** Epoch ms. */
  endsAt: z.number(),
  provider: providerIdSchema.optional(),
  /** The provider's own id of the account, where it has told. */
  accountId: z.string().optional(),
});

/** Where a grant is, and until when it may be proven (epoch ms). */
export interface ListedGrant {
  readonly owner: Owner;
  readonly connectId: string;
  readonly endsAt: number;
  readonly provider?: ProviderId | undefined;
  readonly accountId?: string | undefined;
}

/** Lists a grant. Before it is stored, so that none is forgotten. @throws {StoreUnavailable} */
export async function listGrant({ store }: Dependencies, { owner, connectId, ...more }: ListedGrant): Promise<void> {
  const { tenant, userId } = owner;
  await store.documents.put(collection, connectId, { tenant, userId, ...more });
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
      return entries.map(([connectId, { tenant, userId, ...more }]) => ({
        owner: { tenant, userId },
        connectId,
        ...more,
      }));
    },
  };
}

/** Whether somebody of the tenant may still prove a grant of that account. @throws {StoreUnavailable} */
export async function awaitsProofOf(
  deps: Dependencies,
  account: { readonly tenant: TenantId; readonly provider: ProviderId; readonly accountId: string },
): Promise<boolean> {
  const { tenant, provider, accountId } = account;
  for (const listed of await createGrantList(deps).read()) {
    const { owner, connectId } = listed;
    if (owner.tenant !== tenant || listed.provider !== provider || listed.accountId !== accountId) continue;
    const { awaiting } = await deps.store.connections.list(owner);
    if (awaiting.some((grant) => grant.connectId === connectId)) return true;
  }
  return false;
}
