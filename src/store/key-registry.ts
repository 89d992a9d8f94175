/** Which encryption keys a store was written with, so that a keyring that lacks one is refused before it does harm. */

import { ConfigurationError, KeyUnavailable } from '../core/errors.js';
import type { StorageEngine } from './engine.js';
import type { Keyring } from './sealing.js';

/** Key id -> fingerprint. Not sealed: it must be readable when the key is missing. */
const collection = '.encryption-keys';
const missing =
  'The store was written with it: put it back into ENCRYPTION_KEYS, or, where "valetkey keys list" shows nothing under it, run "valetkey keys rotate"; if it is lost for good, see "valetkey keys forget".';

/**
 * Checks the keyring against the keys that sealed what is in the store, then enters the active key.
 *
 * Call it when opening a store to write; it is cheap and may be repeated. Replicas that start together agree.
 *
 * @param lost keys that may be missing, because what they sealed is being given up
 * @returns `new` when no key was registered yet: nothing was ever written here, or the store was emptied
 * @throws {KeyUnavailable} {ConfigurationError} as {@link checkKeys}
 */
export async function registerKeys(
  engine: StorageEngine,
  keyring: Keyring,
  lost: readonly string[] = [],
): Promise<'new' | 'known'> {
  const { activeKeyId } = keyring;
  const known = await checkedKeys(engine, keyring, lost);
  if (known.has(activeKeyId)) return 'known';
  const created = await engine.createDocument(collection, activeKeyId, keyring.fingerprintOf(activeKeyId));
  if (!created) await checkedKeys(engine, keyring, lost); // another replica entered the id in the meantime
  return known.size === 0 ? 'new' : 'known';
}

/**
 * Checks the keyring without registering its key: once a key is registered, no process works without it.
 *
 * @throws {KeyUnavailable} the store holds records under a key that is not in the keyring
 * @throws {ConfigurationError} an id means another key here than in the store (`ENCRYPTION_KEYS`)
 */
export async function checkKeys(engine: StorageEngine, keyring: Keyring): Promise<void> {
  await checkedKeys(engine, keyring);
}

async function checkedKeys(
  engine: StorageEngine,
  keyring: Keyring,
  lost: readonly string[] = [],
): Promise<ReadonlyMap<string, Buffer>> {
  const known = await engine.listDocuments(collection);
  for (const [keyId, fingerprint] of known) {
    if (lost.includes(keyId)) continue;
    if (!keyring.keyIds.includes(keyId)) throw new KeyUnavailable(keyId, missing);
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

/** Removes a key from the register, as nothing is sealed under it any more. Answers whether it was there. */
export function retireKey(engine: StorageEngine, keyId: string): Promise<boolean> {
  return engine.removeDocument(collection, keyId);
}
