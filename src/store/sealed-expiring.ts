/** One-time and short-lived records, counters and leases: under hashed names, and sealed if they have content. */

import type { CounterStore, ExpiringStore, LeaseStore } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { expiringKeyOf, hashOf } from './field-names.js';
import { formatExpiring, parseExpiring } from './records.js';
import type { Keyring } from './sealing.js';

/** What a short-lived record's seal is bound to. */
export function expiringSeal(key: string): string {
  return `expiring\n${key}`;
}

/** Binds the methods to an engine and a keyring. The key is bound into the seal, so no purpose opens another's record. */
export function sealedExpiring(engine: StorageEngine, keyring: Keyring): ExpiringStore {
  return {
    async save(purpose, secretKey, record, ttlMs) {
      const key = expiringKeyOf(purpose, secretKey);
      await engine.putExpiring(key, keyring.seal(formatExpiring(purpose, record), expiringSeal(key)), ttlMs);
    },

    async find(purpose, secretKey) {
      const key = expiringKeyOf(purpose, secretKey);
      const sealed = await engine.getExpiring(key);
      return sealed && parseExpiring(purpose, keyring.open(sealed, expiringSeal(key)));
    },

    async take(purpose, secretKey) {
      // Read before it is taken: a record whose key is missing here stays for a replica that has the key.
      if ((await this.find(purpose, secretKey)) === undefined) return undefined;
      const key = expiringKeyOf(purpose, secretKey);
      const sealed = await engine.takeExpiring(key);
      return sealed && parseExpiring(purpose, keyring.open(sealed, expiringSeal(key)));
    },

    async exchange(purpose, secretKey, { known, next, ttlMs }) {
      const key = expiringKeyOf(purpose, secretKey);
      const sealed = await engine.getExpiring(key);
      const found = sealed && formatExpiring(purpose, parseExpiring(purpose, keyring.open(sealed, expiringSeal(key))));
      if (known === undefined ? found !== undefined : found?.equals(formatExpiring(purpose, known)) !== true)
        return false;
      const resealed = keyring.seal(formatExpiring(purpose, next), expiringSeal(key));
      return engine.exchangeExpiring(key, { known: sealed, next: resealed, ttlMs });
    },

    prolong: (purpose, secretKey, ttlMs) => engine.prolongExpiring(expiringKeyOf(purpose, secretKey), ttlMs),
    remove: (purpose, secretKey) => engine.removeExpiring(expiringKeyOf(purpose, secretKey)),
  };
}

/** Counters by name. */
export function counters(engine: StorageEngine): CounterStore {
  const keyOf = (name: string) => `counter/${hashOf(name)}`;
  return {
    add: (name, windowMs, by) => engine.count(keyOf(name), windowMs, by),
    peek: (name) => engine.readCount(keyOf(name)),
    reset: (name) => engine.removeExpiring(keyOf(name)),
  };
}

/** Leases by name. */
export function leases(engine: StorageEngine): LeaseStore {
  const keyOf = (name: string) => `lease/${hashOf(name)}`;
  return {
    acquire: (name, holder, ttlMs) => engine.acquireLease(keyOf(name), holder, ttlMs),
    renew: (name, holder, ttlMs) => engine.renewLease(keyOf(name), holder, ttlMs),
    release: (name, holder) => engine.releaseLease(keyOf(name), holder),
  };
}
