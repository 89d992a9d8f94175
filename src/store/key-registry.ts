/** Which encryption keys a store was written with, so that a keyring that lacks one is refused before it does harm. */

import { ConfigurationError } from '../core/errors.js';
import type { StorageEngine } from './engine.js';
import type { Keyring } from './sealing.js';

/** Key id -> fingerprint. Not sealed: it must be readable when the key is missing. */
const collection = '.encryption-keys';

/**
 * Checks the keyring against the keys that sealed what is in the store, then enters the active key.
 *
 * Call it when opening a store; it is cheap and may be repeated. Replicas that start together agree.
 *
 * @throws {KeyUnavailable} the store holds records under a key that is not in the keyring
 * @throws {ConfigurationError} an id stands for another key here than in the store (`ENCRYPTION_KEYS`)
 */
export async function registerKeys(engine: StorageEngine, keyring: Keyring): Promise<void> {
  const { activeKeyId } = keyring;
  const known = await checkedKeys(engine, keyring);
  if (known.has(activeKeyId)) return;
  const created = await engine.createDocument(collection, activeKeyId, keyring.fingerprintOf(activeKeyId));
  if (!created) await checkedKeys(engine, keyring); // another replica entered the id in the meantime
}

async function checkedKeys(engine: StorageEngine, keyring: Keyring): Promise<ReadonlyMap<string, Buffer>> {
  const known = await engine.listDocuments(collection);
  for (const [keyId, fingerprint] of known) {
    if (!keyring.fingerprintOf(keyId).equals(fingerprint)) {
      const problem = `key "${keyId}" is not the key of that id with which the store was written`;
      throw new ConfigurationError([{ name: 'ENCRYPTION_KEYS', problem }]);
    }
  }
  return known;
}

/** The ids of all keys that the store was written with. */
export async function listRegisteredKeys(engine: StorageEngine): Promise<readonly string[]> {
  return [...(await engine.listDocuments(collection)).keys()];
}

/** Takes a key out of the register: nothing is sealed under it any more. Answers whether it was there. */
export function retireKey(engine: StorageEngine, keyId: string): Promise<boolean> {
  return engine.removeDocument(collection, keyId);
}
