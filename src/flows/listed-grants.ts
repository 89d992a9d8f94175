/** The list of grants that wait for a proof. There are few: each is proven or ended within minutes. */

import { z } from 'zod';
import { type Owner, type ProviderId, providerIdSchema, tenantIdSchema, userIdSchema } from '../core/identifiers.js';
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
export async function listGrant(
  { store }: Pick<Dependencies, 'store'>,
  { owner, connectId, ...more }: ListedGrant,
): Promise<void> {
  const { tenant, userId } = owner;
  await store.documents.put(collection, connectId, { tenant, userId, ...more });
}

/** Takes a grant off the list. If that fails, the worker finds out later that the grant is gone. */
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

/**
 * Whether somebody may still prove a grant of that account at one of the providers. A record that cannot be opened counts.
 *
 * @throws {StoreUnavailable}
 */
export async function awaitsProofOf(
  deps: Dependencies,
  account: { readonly providers: readonly ProviderId[]; readonly accountId: string },
): Promise<boolean> {
  const { providers, accountId } = account;
  for (const { owner, connectId, ...listed } of await createGrantList(deps).read()) {
    if (listed.accountId !== accountId || listed.provider === undefined) continue;
    if (!providers.includes(listed.provider)) continue;
    const { awaiting, unreadable } = await deps.store.connections.list(owner);
    if (unreadable.length > 0 || awaiting.some((grant) => grant.connectId === connectId)) return true;
  }
  return false;
}
