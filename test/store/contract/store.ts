/** The behaviour suite of the `Store` on top of any engine. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountLabelSchema, defaultAccount, ownerKeyOf, providerIdSchema } from '../../../src/core/identifiers.js';
import type { Store } from '../../../src/core/store.js';
import type { StorageEngine } from '../../../src/store/engine.js';
import { createStore } from '../../../src/store/sealed-store.js';
import type { Keyring } from '../../../src/store/sealing.js';
import { aConnection, aGrant, anOwner, keyring, refTo, revealed, t0 } from '../samples.js';
import type { OpenEngine } from './engine.js';
import { forgettingContract } from './forgetting.js';
import { keyContract } from './keys.js';
import { rotationContract } from './rotation.js';
import { storeRecordsContract } from './store-records.js';

/** A store, the engine beneath it, and its keyring. */
export interface Opened {
  readonly store: Store;
  readonly engine: StorageEngine;
  readonly keys: Keyring;
}

/** Runs every fact about the store on top of an engine. */
export function storeContract(name: string, open: OpenEngine): void {
  describe(`store on ${name}`, () => {
    const keys = keyring('k1');
    let engine: StorageEngine;
    const opened: Opened = {
      get store() {
        return createStore(engine, keys);
      },
      get engine() {
        return engine;
      },
      keys,
    };
    beforeAll(async () => {
      engine = await open({ keyPrefix: `store-${Math.random().toString(36).slice(2)}` });
    });
    afterAll(() => engine.close());

    connectionContract(opened);
    placeContract(opened);
    refreshContract(opened);
    storeRecordsContract(opened);
    keyContract(open);
    rotationContract(open);
    forgettingContract(open);
  });
}

function connectionContract(opened: Opened): void {
  describe('connections', () => {
    it('come back as they were written, at their generation', async () => {
      const owner = anOwner();
      const connection = aConnection(owner);
      const put = { kind: 'put_connection', connection, expect: 'absent', generation: 17 } as const;
      expect(await opened.store.connections.find(refTo(connection))).toBeUndefined();
      expect(await opened.store.connections.write(owner, [put])).toBe('stored');
      expect(revealed(await opened.store.connections.find(refTo(connection)))).toEqual(
        revealed({ connection, generation: 17 }),
      );
      expect(await opened.store.connections.write(owner, [put])).toBe('moved');
    });

    it('keep accounts of one provider apart', async () => {
      const owner = anOwner();
      const first = aConnection(owner);
      const second = aConnection(owner, { account: accountLabelSchema.parse('work {1}') });
      for (const connection of [first, second]) {
        await opened.store.connections.write(owner, [
          { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
        ]);
      }
      const { connections } = await opened.store.connections.list(owner);
      expect(connections.map((each) => each.connection.connectionId).sort()).toEqual(
        [first.connectionId, second.connectionId].sort(),
      );
    });

    it('replace a grant in one step', async () => {
      const owner = anOwner();
      const connection = aConnection(owner);
      const grant = aGrant(owner);
      await opened.store.connections.write(owner, [{ kind: 'put_grant', connectId: 'c1', grant, expect: 'absent' }]);
      const { awaiting, unreadable } = await opened.store.connections.list(owner);
      const [waiting] = awaiting;
      expect(revealed(waiting?.grant)).toEqual(revealed(grant));
      expect(unreadable).toEqual([]);
      const activate = (expected: number) =>
        opened.store.connections.write(owner, [
          { kind: 'remove_grant', connectId: 'c1', expect: expected },
          { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
        ]);
      expect(await activate(1)).toBe('moved');
      expect(await activate(waiting?.generation ?? Number.NaN)).toBe('stored');
      const records = await opened.store.connections.list(owner);
      expect([records.connections.length, records.awaiting.length]).toEqual([1, 0]);
    });

    it('refuse a record of another user or tenant', async () => {
      const owner = anOwner();
      for (const other of [anOwner(), { ...owner, tenant: anOwner('other').tenant }]) {
        const put = {
          kind: 'put_connection',
          connection: aConnection(other),
          expect: 'absent',
          generation: 1,
        } as const;
        await expect(async () => opened.store.connections.write(owner, [put])).rejects.toThrow(TypeError);
      }
    });

    it('tell when they were last used, by connection id', async () => {
      const owner = anOwner();
      const connection = aConnection(owner);
      await opened.store.connections.write(owner, [
        { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
      ]);
      await opened.store.connections.markUsed(refTo(connection), t0 + 9);
      expect([...(await opened.store.connections.list(owner)).lastUsedAt]).toEqual([[connection.connectionId, t0 + 9]]);
    });

    it('are erased with grants, marks and what was due', async () => {
      const owner = anOwner();
      const connection = aConnection(owner);
      await opened.store.connections.write(owner, [
        { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
        { kind: 'put_grant', connectId: 'c1', grant: aGrant(owner), expect: 'absent' },
      ]);
      await opened.store.due.schedule(refTo(connection), 1);
      const erased = await opened.store.connections.erase(owner);
      expect(erased).toMatchObject({ connections: [{ connection, generation: 1 }], awaiting: [{ connectId: 'c1' }] });
      const { connections, awaiting, lastUsedAt } = await opened.store.connections.list(owner);
      expect([connections.length, awaiting.length, lastUsedAt.size]).toEqual([0, 0, 0]);
      expect(await opened.store.due.backlog(1)).toBe(0);
    });

    it('name what cannot be opened, hand out the rest, and leave the record as it is (S4, F14)', async () => {
      const owner = anOwner();
      const good = aConnection(owner);
      const bad = aConnection(owner, { provider: providerIdSchema.parse('slack') });
      for (const connection of [good, bad]) {
        await opened.store.connections.write(owner, [
          { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
        ]);
      }
      await damage(opened, bad);
      const { connections, unreadable } = await opened.store.connections.list(owner);
      expect(connections.map((each) => each.connection.provider)).toEqual(['github']);
      expect(unreadable).toMatchObject([{ field: 'c/slack', error: { code: 'stored_token_unreadable' } }]);
      await expect(opened.store.connections.find(refTo(bad))).rejects.toMatchObject({
        code: 'stored_token_unreadable',
      });
      const erased = await opened.store.connections.erase(owner);
      expect([erased.connections.length, erased.unreadable.length]).toEqual([1, 1]);
    });
  });
}

/** Changes one byte of a stored connection. */
async function damage(opened: Opened, connection: ReturnType<typeof aConnection>): Promise<void> {
  const owner = ownerKeyOf(connection);
  const field = `c/${connection.provider}`;
  const found = await opened.engine.readField(owner, field);
  if (!found) throw new Error('nothing to damage');
  const bytes = Buffer.from(found.bytes);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
  await opened.engine.writeFields(owner, [{ field, expect: 'any', next: { version: found.version, bytes } }]);
}

function placeContract(opened: Opened): void {
  const [here, there] = [anOwner(), anOwner()];
  const field = 'c/github';

  it.each([
    ['another owner', there, 'github', 1],
    ['another provider', here, 'slack', 1],
    ['another generation', here, 'github', 2],
  ])('a connection copied to %s does not open (S1)', async (_, owner, provider, version) => {
    const original = aConnection(here);
    await opened.store.connections.erase(here);
    await opened.store.connections.write(here, [
      { kind: 'put_connection', connection: original, expect: 'absent', generation: 1 },
    ]);
    const bytes = (await opened.engine.readField(ownerKeyOf(here), field))?.bytes ?? Buffer.alloc(0);
    const copy = { field: `c/${provider}`, expect: 'any', next: { version, bytes } } as const;
    await opened.engine.writeFields(ownerKeyOf(owner), [copy]);
    const ref = { ...refTo(original), owner, provider: providerIdSchema.parse(provider) };
    await expect(opened.store.connections.find(ref)).rejects.toMatchObject({ code: 'stored_token_unreadable' });
  });
}

function refreshContract(opened: Opened): void {
  const intent = (holder: string, generation = 1) => ({
    generation,
    holder,
    startedAt: t0,
    deadline: t0 + 10_000,
    attempt: 1,
  });

  async function aStoredConnection() {
    const owner = anOwner();
    const connection = aConnection(owner, { account: defaultAccount });
    await opened.store.connections.write(owner, [
      { kind: 'put_connection', connection, expect: 'absent', generation: 1 },
    ]);
    return { owner, connection, ref: refTo(connection) };
  }

  describe('a refresh', () => {
    it('begins once, at the stored generation', async () => {
      const { ref } = await aStoredConnection();
      const { connections } = opened.store;
      expect(await connections.beginRefresh(ref, intent('a', 2), { ms: 60_000 })).toEqual({ kind: 'moved' });
      expect(await connections.beginRefresh(ref, intent('a'), { ms: 60_000 })).toEqual({ kind: 'begun' });
      expect(await connections.beginRefresh(ref, intent('b'), { ms: 60_000 })).toMatchObject({ kind: 'busy' });
      expect(await connections.findIntent(ref)).toEqual(intent('a'));
      expect(await connections.renewRefresh(ref, 'b', 1_000)).toBe(false);
      expect(await connections.renewRefresh(ref, 'a', 1_000)).toBe(true);
    });

    it('that ended unknown leaves its intent for the next; one that was not sent does not', async () => {
      const { ref } = await aStoredConnection();
      const { connections } = opened.store;
      await connections.beginRefresh(ref, intent('a'), { ms: 60_000 });
      await connections.endRefresh(ref, 'a', 'unknown');
      await connections.beginRefresh(ref, intent('looks'), { ms: 60_000 });
      expect(await connections.findIntent(ref)).toEqual(intent('a'));
      await connections.endRefresh(ref, 'looks', 'unknown');
      const lease = { ms: 60_000, replaces: true };
      expect(await connections.beginRefresh(ref, intent('b'), lease)).toEqual({ kind: 'begun', previous: intent('a') });
      expect(await connections.findIntent(ref)).toEqual(intent('b'));
      await connections.endRefresh(ref, 'b', 'no');
      expect(await connections.beginRefresh(ref, intent('c'), { ms: 60_000 })).toEqual({ kind: 'begun' });
    });

    it('ends with the write of what it brought', async () => {
      const { owner, connection, ref } = await aStoredConnection();
      const { connections } = opened.store;
      await connections.beginRefresh(ref, intent('a'), { ms: 60_000 });
      const put = { kind: 'put_connection', connection, expect: 1, generation: 2 } as const;
      expect(await connections.write(owner, [put], { ref, holder: 'a' })).toBe('stored');
      expect(await connections.findIntent(ref)).toBeUndefined();
      expect(await connections.beginRefresh(ref, intent('b', 2), { ms: 60_000 })).toEqual({ kind: 'begun' });
    });
  });
}
