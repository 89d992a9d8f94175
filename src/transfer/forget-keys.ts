/** Removes everything that is sealed under lost keys, so that the rest of a store can be used again. */

import type { ProviderRegistry } from '../core/provider.js';
import { listGrant } from '../flows/listed-grants.js';
import { enterAccount } from '../flows/shared-account.js';
import type { StorageEngine } from '../store/engine.js';
import { registerKeys, retireKey } from '../store/key-registry.js';
import type { OnProgress } from '../store/key-use.js';
import { walkSealedRecords } from '../store/sealed-records.js';
import { createStore } from '../store/sealed-store.js';
import { type Keyring, sealingKeyIdOf } from '../store/sealing.js';

/** What to remove, and where. */
export interface ForgettingPlan {
  readonly engine: StorageEngine;
  /** The keyring without the lost keys. */
  readonly keyring: Keyring;
  readonly lost: readonly string[];
  readonly providers: ProviderRegistry;
  /** How many records were counted; only for progress. */
  readonly total: number;
}

/** What was done. */
export interface Forgetting {
  readonly removed: number;
  /** Keys that left the register; none while a process still seals under them. */
  readonly forgotten: readonly string[];
}

/** After this many passes another process must be writing under a lost key. */
const mostPasses = 3;

/**
 * Removes every record that one of the lost keys has sealed, and then removes these keys from the register. It may be
 * stopped at any time and started again. No other process may use the store meanwhile: one that still has such a key would
 * go on using what only it can open.
 *
 * @throws {KeyUnavailable} yet another key is missing
 * @throws {ConfigurationError} a key id means another key here than in the store
 * @throws {StoreUnavailable} also when a walk could not see everything; no key has left the register then
 */
export async function forgetKeys(plan: ForgettingPlan, onProgress: OnProgress = () => undefined): Promise<Forgetting> {
  const { engine, lost, total } = plan;
  await registerKeys(engine, plan.keyring, lost);
  await enterAnew(plan, () => onProgress({ done: 0, total }));
  let removed = 0;
  for (let pass = 0; pass < mostPasses; pass += 1) {
    const before = removed;
    for await (const record of walkSealedRecords(engine)) {
      if (!lost.includes(sealingKeyIdOf(record.sealed) ?? '')) continue;
      await record.remove();
      onProgress({ done: ++removed, total: Math.max(total, removed) });
    }
    if (removed > before) continue;
    for (const id of lost) await retireKey(engine, id);
    return { removed, forgotten: lost };
  }
  return { removed, forgotten: [] };
}

/**
 * Enters what can be opened into the lists of accounts and of grants again, as their entries may have been sealed under a
 * lost key: without them nobody would be told of a shared account, and no unproven grant would end.
 */
async function enterAnew({ engine, keyring, providers }: ForgettingPlan, onLook: () => void): Promise<void> {
  const store = createStore(engine, keyring);
  for await (const { connections, awaiting } of store.connections.walk()) {
    onLook();
    for (const { connection } of connections) await enterAccount({ store, providers }, connection);
    for (const { connectId, grant } of awaiting) {
      const { tenant, userId, provider, identity } = grant.connection;
      const listed = { owner: { tenant, userId }, connectId, endsAt: grant.expiresAt, provider };
      await listGrant({ store }, { ...listed, accountId: identity?.id });
    }
  }
}
