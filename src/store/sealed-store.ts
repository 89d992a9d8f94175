/** The store: an engine that keeps bytes, under a keyring that seals them. */

import { ownerKeyOf } from '../core/identifiers.js';
import type { CodeDigests, Store } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { registerKeys } from './key-registry.js';
import { sealedConnections } from './sealed-connections.js';
import { sealedDocuments } from './sealed-documents.js';
import { sealedDue } from './sealed-due.js';
import { sealedEvents } from './sealed-events.js';
import { counters, leases, sealedExpiring } from './sealed-expiring.js';
import type { Keyring } from './sealing.js';

/**
 * Joins an engine and a keyring. Does nothing yet; `check` also holds the keyring against the keys in use, as
 * {@link openSealedStore} does before anything is read or written.
 *
 * @param now epoch ms; makes the generations of grants
 */
export function createStore(engine: StorageEngine, keyring: Keyring, now: () => number = Date.now): Store {
  return {
    connections: sealedConnections(engine, keyring, now),
    expiring: sealedExpiring(engine, keyring),
    counters: counters(engine),
    leases: leases(engine),
    due: sealedDue(engine, keyring),
    events: sealedEvents(engine, keyring),
    codes: codeDigests(keyring),
    documents: sealedDocuments(engine, keyring),
    now: () => engine.now(),
    async check() {
      await registerKeys(engine, keyring);
      return { kind: engine.kind, ...(await engine.check()) };
    },
    close: () => engine.close(),
  };
}

/**
 * Joins an engine and a keyring, and refuses a keyring that the store was not written with.
 *
 * @throws {KeyUnavailable} the store holds records under a key that is not in the keyring
 * @throws {ConfigurationError} a key id stands for another key here than in the store
 * @throws {StoreUnavailable} the store does not answer
 */
export async function openSealedStore(engine: StorageEngine, keyring: Keyring): Promise<Store> {
  await registerKeys(engine, keyring);
  return createStore(engine, keyring);
}

/** Return codes are short, so a bare hash could be searched through; the pepper makes that impossible without a key. */
function codeDigests(keyring: Keyring): CodeDigests {
  const label = 'return code';
  return {
    digest: (owner, code) => keyring.mac(label, `${ownerKeyOf(owner)}\n${code}`).toString('base64url'),
    matches: (owner, code, digest) =>
      keyring.macMatches(label, `${ownerKeyOf(owner)}\n${code}`, Buffer.from(digest, 'base64url')),
  };
}
