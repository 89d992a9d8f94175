/** Stores with many users' connections, and managers that read them. */

import { randomBytes } from 'node:crypto';
import { openManager } from '../../dist/src/open-manager.js';
import { openEngine } from '../../dist/src/open-store.js';
import { createStore } from '../../dist/src/store/sealed-store.js';
import { Keyring } from '../../dist/src/store/sealing.js';

export const encryptionKeys = `bench:${randomBytes(32).toString('base64')}`;
export const providers = { github: { client_id: 'bench', client_secret: 'bench-secret' } };

/** A token set as a provider would issue it; 8 hours, the same as GitHub's apps get. */
export function tokenOf(index) {
  return {
    provider: 'github',
    accessToken: `ghu_${index.toString(36).padStart(8, '0')}${'A1b2C3d4'.repeat(3)}wxyz`,
    refreshToken: `ghr_${index.toString(36).padStart(8, '0')}${'Q9w8E7r6'.repeat(8)}abcd`,
    expiresAt: Math.floor(Date.now() / 1000) + 8 * 3600,
    scopes: ['repo', 'read:user'],
  };
}

export const userOf = (index) => `telegram:${100_000_000 + index}`;

/**
 * Opens a manager without background work.
 *
 * @param place `redisUrl`, or `dataDir` for the embedded store; `providers` and `encryptionKeys` if others are wanted
 * @param keepOpened how many opened records the store may reuse; 0 opens each one anew
 */
export async function openBenchManager(place, keepOpened) {
  const options = { baseUrl: 'http://localhost:3000', providers, encryptionKeys, ...place };
  const engine = await openEngine(options);
  const store = createStore(
    engine,
    Keyring.parse(options.encryptionKeys),
    keepOpened === undefined ? {} : { keepOpened },
  );
  return openManager({ ...options, store, backgroundWork: false });
}

/** Stores one connection for each of so many users. */
export async function fill(manager, users, from = 0) {
  const batch = 200;
  for (let first = from; first < users; first += batch) {
    const some = Array.from({ length: Math.min(batch, users - first) }, (_, index) => first + index);
    await Promise.all(some.map((index) => manager.storeToken(userOf(index), tokenOf(index))));
  }
}
