/** Facts about counting, verifying and re-sealing what a store holds. */

import { describe, expect, it } from 'vitest';
import { ownerKeyOf } from '../../../src/core/identifiers.js';
import type { StorageEngine } from '../../../src/store/engine.js';
import { connectionFieldOf } from '../../../src/store/field-names.js';
import { listRegisteredKeys } from '../../../src/store/key-registry.js';
import { countByKey, rotateKeys, totalOf, verifyRecords } from '../../../src/store/key-use.js';
import { walkNames } from '../../../src/store/sealed-records.js';
import { createStore, openSealedStore } from '../../../src/store/sealed-store.js';
import { Keyring } from '../../../src/store/sealing.js';
import { aConnection, aGrant, anIntent, anOwner, keyEntry, refTo, t0 } from '../samples.js';
import type { OpenEngine } from './engine.js';

const [k1, k2] = [keyEntry('k1'), keyEntry('k2')];
const [old, both, only] = [Keyring.parse(k1), Keyring.parse(`${k2},${k1}`), Keyring.parse(k2)];

/** One record of each kind; answers the connection. */
export async function fill(engine: StorageEngine, keyring: Keyring) {
  const store = await openSealedStore(engine, keyring);
  const owner = anOwner();
  const connection = aConnection(owner);
  await store.connections.write(owner, [
    { kind: 'put_connection', connection, expect: 'absent', generation: 5 },
    { kind: 'put_grant', connectId: 'g1', grant: aGrant(owner), expect: 'absent' },
  ]);
  await store.documents.put('things', 'a', { name: 'a thing' });
  await store.expiring.save('connect_link', 'code', { intent: anIntent(owner) }, 60_000);
  const { userId, provider, account, connectionId } = connection;
  await store.events.append(owner.tenant, {
    type: 'connection.created',
    at: t0,
    userId,
    provider,
    account,
    connectionId,
  });
  const actor = { kind: 'system', id: 'test' } as const;
  await store.audit.append({ at: t0, tenant: owner.tenant, act: 'refresh', actor, outcome: 'ok' });
  return connection;
}

export function rotationContract(open: OpenEngine): void {
  const fresh = () => open({ keyPrefix: `rotation-${Math.random().toString(36).slice(2)}` });

  describe('keys in use', () => {
    it('are counted by kind of record without any key, and a missing one is seen', async () => {
      const engine = await fresh();
      await fill(engine, old);
      const [second, first] = await countByKey(engine, only);
      expect(second).toMatchObject({ id: 'k2', active: true, available: true, registered: false });
      expect(second && totalOf(second)).toBe(0);
      expect(first).toMatchObject({
        id: 'k1',
        active: false,
        available: false,
        registered: true,
        records: { connection: 1, grant: 1, document: 1, short_lived: 1, event: 1, audit: 1 },
      });
      await engine.close();
    });

    it('are counted to the last page of names, however short the pages are', async () => {
      const engine = await fresh();
      for (let owners = 0; owners < 2; owners += 1) await fill(engine, old);
      const onePerPage: StorageEngine['walk'] = async (what, cursor = '0') => {
        const names: string[] = [];
        for await (const name of walkNames(engine, what)) names.push(name);
        const next = Number(cursor) + 1;
        const page = { names: names.slice(next - 1, next) };
        return next < names.length ? { ...page, next: String(next) } : page;
      };
      const [, counted] = await countByKey({ ...engine, walk: onePerPage }, only);
      expect(counted?.records).toMatchObject({ connection: 2, grant: 2 });
      await engine.close();
    });

    it('are counted to the last entry of a log, however long it is', async () => {
      const engine = await fresh();
      await fill(engine, old);
      const long: StorageEngine['readLog'] = async (log, after, limit) => {
        const [entry] = await engine.readLog(log, undefined, 1);
        const had = Number(after ?? 0);
        const count = Math.min(limit, 1_001 - had);
        return entry ? Array.from({ length: count }, (_, at) => ({ ...entry, id: String(had + at + 1) })) : [];
      };
      const [, counted] = await countByKey({ ...engine, readLog: long }, only);
      expect(counted?.records).toMatchObject({ event: 1_001, audit: 1_001 });
      await engine.close();
    });

    it('are missed where they are: each record is named by its place, without a user or a secret', async () => {
      const engine = await fresh();
      const { userId } = await fill(engine, old);
      const { opened, unopened, unopenedByKey } = await verifyRecords(engine, only);
      const kinds = [/^owner \S+, field c\/github$/, /^owner \S+, field g\/g1$/, /^document things\/\S+$/];
      const logs = [/^short-lived connect_link\/\S+$/, /^event events\/\S+ \d+\S*$/, /^audit audit\/\S+ \d+\S*$/];
      const named = [...kinds, ...logs].map((where) => ({
        where: expect.stringMatching(where),
        code: 'key_unavailable',
      }));
      expect(unopened).toEqual(expect.arrayContaining(named));
      expect([opened, unopened.length, unopenedByKey]).toEqual([0, 6, new Map([['k1', 6]])]);
      expect(JSON.stringify(unopened)).not.toContain(userId);
      await engine.close();
    });

    it('open every record, or it is named with the reason and left as it is (S2-27)', async () => {
      const engine = await fresh();
      const connection = await fill(engine, old);
      expect((await verifyRecords(engine, old)).unopened).toEqual([]);
      const place = [ownerKeyOf(refTo(connection).owner), connectionFieldOf(refTo(connection))] as const;
      const found = await engine.readField(...place);
      const spoiled = Buffer.from(found?.bytes ?? []);
      spoiled[spoiled.length - 1] = (spoiled.at(-1) ?? 0) ^ 1;
      await engine.exchangeField(...place, { version: 5, bytes: spoiled });
      const { opened, unopened } = await verifyRecords(engine, old);
      expect(opened).toBe(5);
      expect(unopened).toEqual([{ where: `owner ${place[0]}, field ${place[1]}`, code: 'stored_token_unreadable' }]);
      const rotation = await rotateKeys(engine, both);
      expect(rotation.unopened).toEqual(unopened);
      expect(rotation.retired).toEqual([]);
      expect((await engine.readField(...place))?.bytes).toEqual(spoiled);
      await engine.close();
    });
  });

  describe('a rotation', () => {
    it('of a store with nothing in it keeps the key that seals, so that nobody starts without it (S5)', async () => {
      const engine = await fresh();
      expect((await rotateKeys(engine, both)).retired).toEqual([]);
      expect(await listRegisteredKeys(engine)).toEqual([both.activeKeyId]);
      await engine.close();
    });

    it('seals lasting records under the first key; the old key stays registered until the rest has ended (S5)', async () => {
      const engine = await fresh();
      const connection = await fill(engine, old);
      const rotation = await rotateKeys(engine, both);
      expect(rotation).toMatchObject({ resealed: 3, unopened: [], retired: [] });
      const first = rotation.keys.find(({ id }) => id === 'k1');
      expect(first?.records).toMatchObject({ connection: 0, grant: 0, document: 0, short_lived: 1, event: 1 });
      const reader = createStore(engine, only);
      expect((await reader.connections.find(refTo(connection)))?.generation).toBe(5);
      expect((await reader.connections.list(refTo(connection).owner)).awaiting).toHaveLength(1);
      expect(await reader.documents.find('things', 'a')).toEqual({ name: 'a thing' });
      await expect(openSealedStore(engine, only)).rejects.toMatchObject({ code: 'key_unavailable', keyId: 'k1' });
    });

    it('takes a key out of the register when nothing is sealed under it, so that a start without it succeeds', async () => {
      const engine = await fresh();
      const connection = aConnection(anOwner());
      const store = await openSealedStore(engine, old);
      const { owner } = refTo(connection);
      await store.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);
      expect(await rotateKeys(engine, both)).toMatchObject({ resealed: 1, retired: ['k1'] });
      const after = await openSealedStore(engine, only);
      expect((await after.connections.find(refTo(connection)))?.generation).toBe(1);
      await engine.close();
    });

    it('goes on where an earlier one was ended, and does nothing when there is nothing to do', async () => {
      const engine = await fresh();
      const store = await openSealedStore(engine, old);
      const connections = Array.from({ length: 40 }, () => aConnection(anOwner()));
      for (const connection of connections) {
        const { owner } = refTo(connection);
        await store.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);
      }
      const ended = rotateKeys(engine, both, ({ done }) => {
        if (done === 10) throw new Error('interrupted');
      });
      await expect(ended).rejects.toThrow('interrupted');
      const seen: number[] = [];
      const { resealed } = await rotateKeys(engine, both, ({ done, total }) => seen.push(done / (total ?? 0)));
      expect(resealed).toBe(30);
      expect(seen.at(-1)).toBe(1);
      expect((await rotateKeys(engine, both)).resealed).toBe(0);
      await engine.close();
    });

    it('loses nothing of what is written, claimed and removed meanwhile (S5: under load)', async () => {
      const engine = await fresh();
      const before = await openSealedStore(engine, old);
      const connections = Array.from({ length: 24 }, () => aConnection(anOwner()));
      const put = (connection: (typeof connections)[number], expect: number | 'absent', generation: number) =>
        ({ kind: 'put_connection', connection, expect, generation }) as const;
      await Promise.all(
        connections.map((each) => before.connections.write(refTo(each).owner, [put(each, 'absent', 1)])),
      );
      const writers = [before, await openSealedStore(engine, both)];
      let going = true;
      // Two replicas, one of them not yet restarted with the new first key, write as fast as they can.
      const load = connections.map(async (connection, index) => {
        const store = writers[index % 2] ?? before;
        const { owner } = refTo(connection);
        let generation = 1;
        for (; going || generation < 5; generation += 1) {
          const intent = { generation, holder: 'h', startedAt: t0, deadline: t0, attempt: 1 };
          expect((await store.connections.beginRefresh(refTo(connection), intent, { ms: 60_000 })).kind).toBe('begun');
          expect(await store.connections.findIntent(refTo(connection))).toMatchObject({ generation });
          const finishes = { ref: refTo(connection), holder: 'h' };
          const change = [put(connection, generation, generation + 1)];
          expect(await store.connections.write(owner, change, finishes)).toBe('stored');
        }
        return generation;
      });
      await rotateKeys(engine, both);
      going = false;
      const generations = await Promise.all(load);
      await rotateKeys(engine, both);
      const after = createStore(engine, only);
      const found = await Promise.all(connections.map((each) => after.connections.find(refTo(each))));
      expect(found.map((stored) => stored?.generation)).toEqual(generations);
      await engine.close();
    }, 30_000);

    it('happens by itself to a record that is written (S2-26: re-encrypt on write)', async () => {
      const engine = await fresh();
      const connection = aConnection(anOwner());
      const { owner } = refTo(connection);
      const change = { kind: 'put_connection', connection } as const;
      await (await openSealedStore(engine, old)).connections.write(owner, [
        { ...change, expect: 'absent', generation: 1 },
      ]);
      await (await openSealedStore(engine, both)).connections.write(owner, [{ ...change, expect: 1, generation: 2 }]);
      const counts = (await countByKey(engine, both)).map(({ id, records }) => [id, records.connection]);
      expect(counts).toEqual([
        ['k2', 1],
        ['k1', 0],
      ]);
      await engine.close();
    });
  });
}
