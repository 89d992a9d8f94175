/** Gives up what is sealed under keys that are lost, so that the rest of a store can be used again. */

import type { ProviderRegistry } from '../core/provider.js';
import { listGrant } from '../flows/listed-grants.js';
import { enterAccount } from '../flows/shared-account.js';
import type { StorageEngine } from '../store/engine.js';
import { registerKeys, retireKey } from '../store/key-registry.js';
import type { OnProgress } from '../store/key-use.js';
import { walkSealedRecords } from '../store/sealed-records.js';
import { createStore } from '../store/sealed-store.js';
import { type Keyring, sealingKeyIdOf } from '../store/sealing.js';

/** What is given up, and where. */
export interface ForgettingPlan {
  readonly engine: StorageEngine;
  /** Without the lost keys. */
  readonly keyring: Keyring;
  readonly lost: readonly string[];
  readonly providers: ProviderRegistry;
  /** How many records there were when they were counted; only shown. */
  readonly total: number;
}

/** What was done. */
export interface Forgetting {
  readonly removed: number;
  /** Keys that left the register: none while somebody goes on sealing under them. */
  readonly forgotten: readonly string[];
}

/** So often a store is gone through before somebody is taken to be writing under a lost key. */
const mostPasses = 3;

/**
 * Removes every record that one of the lost keys has sealed, and then takes these keys out of the register. May be ended
 * at any time and begun anew. No other process may use the store meanwhile: one that has such a key still does what only
 * it can open.
 *
 * @throws {KeyUnavailable} yet another key is missing
 * @throws {ConfigurationError} a key id stands for another key here than in the store
 * @throws {StoreUnavailable} also where a walk could not see everything; nothing has left the register then
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
 * What can be opened goes on, and is found by lists of accounts and of grants whose entries may have been sealed under
 * a lost key: without them nobody would hear of an account that is shared, and no grant would end.
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
