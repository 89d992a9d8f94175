/** Facts about giving up what lost keys have sealed. */

import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../../providers/index.js';
import { enterAccount, findByAccount } from '../../../src/flows/shared-account.js';
import type { StorageEngine } from '../../../src/store/engine.js';
import { checkKeys, listRegisteredKeys } from '../../../src/store/key-registry.js';
import { countByKey, totalOf, verifyRecords } from '../../../src/store/key-use.js';
import { createStore, openSealedStore } from '../../../src/store/sealed-store.js';
import { Keyring } from '../../../src/store/sealing.js';
import { forgetKeys } from '../../../src/transfer/forget-keys.js';
import { aConnection, aGrant, anOwner, keyEntry, refTo } from '../samples.js';
import type { OpenEngine } from './engine.js';
import { fill } from './rotation.js';

const [k1, k2] = [keyEntry('k1'), keyEntry('k2')];
const [old, both, only] = [Keyring.parse(k1), Keyring.parse(`${k2},${k1}`), Keyring.parse(k2)];
const providers = createRegistry({ github: { client_id: 'c', client_secret: 's' } });

export function forgettingContract(open: OpenEngine): void {
  const fresh = () => open({ keyPrefix: `forgetting-${Math.random().toString(36).slice(2)}` });
  const plan = { keyring: only, lost: ['k1'], providers, total: 6 } as const;

  describe('a lost key', () => {
    it('takes along what it has sealed, of every kind, and the store can be used without it', async () => {
      const engine = await fresh();
      const lost = await fill(engine, old);
      const seen: number[] = [];
      const forgetting = forgetKeys({ ...plan, engine }, ({ done }) => seen.push(done));
      expect(await forgetting).toEqual({ removed: 6, forgotten: ['k1'] });
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
      const [kept, ...others] = await countByKey(engine, only);
      expect([kept && totalOf(kept), others]).toEqual([0, []]);
      const store = await openSealedStore(engine, only);
      expect(await store.connections.find(refTo(lost))).toBeUndefined();
      expect(await store.events.read(lost.tenant, undefined, 10)).toEqual([]);
      expect(await store.audit.readEnd(lost.tenant, 10)).toEqual([]);
      await engine.close();
    });

    it('leaves what others have sealed as it is, and a log goes on behind the entries that went', async () => {
      const engine = await fresh();
      await fill(engine, old);
      const kept = await fill(engine, both);
      await forgetKeys({ ...plan, engine });
      expect(await verifyRecords(engine, only)).toMatchObject({ unopened: [] });
      const store = await openSealedStore(engine, only);
      expect((await store.connections.find(refTo(kept)))?.connection).toEqual(kept);
      expect(await store.documents.find('things', 'a')).toEqual({ name: 'a thing' });
      const [event, ...more] = await store.events.read(kept.tenant, undefined, 10);
      expect([event?.event, more]).toMatchObject([{ connectionId: kept.connectionId }, []]);
      await engine.close();
    });

    it('leaves a due entry that the worker finds to stand for nothing, and settles', async () => {
      const engine = await fresh();
      const lost = await fill(engine, old);
      await createStore(engine, old).due.schedule(refTo(lost), 1_000);
      await forgetKeys({ ...plan, engine });
      const { due } = await openSealedStore(engine, only);
      const [entry] = await due.claim(2_000, 10, 1_000);
      expect(entry).toMatchObject({ stored: undefined });
      if (entry) await due.settle(entry, 'remove');
      expect(await due.backlog(Number.MAX_SAFE_INTEGER)).toBe(0);
      await engine.close();
    });

    it('does not take a connection that goes on out of the lists it is found by: they are sealed anew (L12)', async () => {
      const engine = await fresh();
      const [before, now] = [await openSealedStore(engine, old), await openSealedStore(engine, both)];
      const owner = anOwner();
      const connection = aConnection(owner);
      await enterAccount({ store: before, providers }, connection);
      await now.connections.write(owner, [
        { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
        { kind: 'put_grant', connectId: 'g1', grant: aGrant(owner), expect: 'absent' },
      ]);
      await forgetKeys({ ...plan, engine });
      const store = await openSealedStore(engine, only);
      const account = { ...connection, accountId: connection.identity?.id ?? '' };
      expect(await findByAccount({ store, providers }, account)).toMatchObject([{ connection }]);
      const listed = await store.documents.find('awaiting-grants', 'g1');
      expect(listed).toMatchObject({ ...owner, endsAt: aGrant(owner).expiresAt });
      await engine.close();
    });

    it('is forgotten by a second run when the first was ended, and until then nobody works without it', async () => {
      const engine = await fresh();
      await fill(engine, old);
      const ended = forgetKeys({ ...plan, engine }, ({ done }) => {
        if (done === 3) throw new Error('interrupted');
      });
      await expect(ended).rejects.toThrow('interrupted');
      await expect(checkKeys(engine, only)).rejects.toMatchObject({ keyId: 'k1' });
      expect(await forgetKeys({ ...plan, engine })).toEqual({ removed: 3, forgotten: ['k1'] });
      await engine.close();
    });

    it('stays registered while somebody goes on sealing under it', async () => {
      const engine = await fresh();
      const other = await openSealedStore(engine, old);
      await other.documents.put('things', 'a', 1);
      const removeDocument: StorageEngine['removeDocument'] = async (collection, id) => {
        const removed = await engine.removeDocument(collection, id);
        await other.documents.put('things', 'b', 1);
        return removed;
      };
      const forgetting = await forgetKeys({ ...plan, engine: { ...engine, removeDocument } });
      expect(forgetting).toEqual({ removed: 3, forgotten: [] });
      expect(await listRegisteredKeys(engine)).toContain('k1');
      await engine.close();
    });

    it('is not forgotten alone where another is missing, too: perhaps the keyring is another store’s', async () => {
      const engine = await fresh();
      await fill(engine, old);
      const foreign = forgetKeys({ ...plan, engine, lost: ['k9'] });
      await expect(foreign).rejects.toMatchObject({ code: 'key_unavailable', keyId: 'k1' });
      expect((await countByKey(engine, old)).map(totalOf)).toEqual([6]);
      await engine.close();
    });
  });
}
