/** Facts about a store whose encryption keys change. */

import { describe, expect, it } from 'vitest';
import { registerKeys, retireKey } from '../../../src/store/key-registry.js';
import { createStore, openSealedStore } from '../../../src/store/sealed-store.js';
import { Keyring } from '../../../src/store/sealing.js';
import { aConnection, anOwner, keyEntry, refTo } from '../samples.js';
import type { OpenEngine } from './engine.js';

export function keyContract(open: OpenEngine): void {
  const fresh = () => open({ keyPrefix: `keys-${Math.random().toString(36).slice(2)}` });
  const [k1, k2] = [keyEntry('k1'), keyEntry('k2')];

  describe('key rotation', () => {
    it('reads under the old key, writes under the new, and keeps serving (S5)', async () => {
      const engine = await fresh();
      const connection = aConnection(anOwner());
      const { owner } = refTo(connection);
      const before = await openSealedStore(engine, Keyring.parse(k1));
      await before.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);

      const after = await openSealedStore(engine, Keyring.parse(`${k2},${k1}`));
      expect((await after.connections.find(refTo(connection)))?.generation).toBe(1);
      await after.connections.write(owner, [{ kind: 'put_connection', connection, expect: 1, generation: 2 }]);
      const onlyNew = createStore(engine, Keyring.parse(k2));
      expect((await onlyNew.connections.find(refTo(connection)))?.generation).toBe(2);
      await engine.close();
    });

    it('refuses to open without a key that was in use, and says which (S4, S5)', async () => {
      const engine = await fresh();
      await openSealedStore(engine, Keyring.parse(k1));
      await expect(createStore(engine, Keyring.parse(k2)).check()).rejects.toMatchObject({ code: 'key_unavailable' });
      await expect(openSealedStore(engine, Keyring.parse(k2))).rejects.toMatchObject({
        code: 'key_unavailable',
        keyId: 'k1',
      });
    });

    it('opens without a key that was taken out of the register', async () => {
      const engine = await fresh();
      await registerKeys(engine, Keyring.parse(k1));
      await registerKeys(engine, Keyring.parse(`${k2},${k1}`));
      expect(await retireKey(engine, 'k1')).toBe(true);
      await expect(openSealedStore(engine, Keyring.parse(k2))).resolves.toBeDefined();
      await engine.close();
    });

    it('refuses another key under a known id', async () => {
      const engine = await fresh();
      await registerKeys(engine, Keyring.parse(k1));
      const swapped = keyEntry('k1');
      await expect(registerKeys(engine, Keyring.parse(swapped))).rejects.toMatchObject({
        code: 'configuration_invalid',
        faults: [{ name: 'ENCRYPTION_KEYS' }],
      });
      await engine.close();
    });
  });
}
