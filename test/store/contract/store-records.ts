/** Facts about the store's short-lived records, due entries, events, codes and documents. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { providerIdSchema } from '../../../src/core/identifiers.js';
import { Secret } from '../../../src/core/secret.js';
import { expiringKeyOf, hashOf } from '../../../src/store/field-names.js';
import { createStore } from '../../../src/store/sealed-store.js';
import { toBytes } from '../../../src/store/stored-json.js';
import { aConnection, aGrant, anIntent, anOwner, keyring, refTo, revealed, t0 } from '../samples.js';
import { auditTrailContract } from './audit-trail.js';
import type { Opened } from './store.js';

export function storeRecordsContract(opened: Opened): void {
  expiringFacts(opened);
  dueFacts(opened);
  eventFacts(opened);
  auditTrailContract(opened);

  describe('return codes', () => {
    it('match for their owner only, under any key of the ring', () => {
      const owner = anOwner();
      const digest = opened.store.codes.digest(owner, 'ABCD2345');
      expect(opened.store.codes.matches(owner, 'ABCD2345', digest)).toBe(true);
      expect(opened.store.codes.matches(owner, 'ABCD2346', digest)).toBe(false);
      expect(opened.store.codes.matches(anOwner(), 'ABCD2345', digest)).toBe(false);
      expect(opened.store.codes.matches(owner, 'ABCD2345', '')).toBe(false);
      const elsewhere = createStore(opened.engine, keyring('k1'));
      expect(elsewhere.codes.matches(owner, 'ABCD2345', digest)).toBe(false);
    });

    it('are tried one at a time: a grant moves on with each write, also while the clock stands still', async () => {
      const { connections } = createStore(opened.engine, opened.keys, { now: () => t0 });
      const owner = anOwner();
      const put = (expect: number | 'absent') =>
        connections.write(owner, [{ kind: 'put_grant', connectId: 'c1', grant: aGrant(owner), expect }]);
      await put('absent');
      const generation = (await connections.list(owner)).awaiting[0]?.generation ?? Number.NaN;
      expect([await put(generation), await put(generation)]).toEqual(['stored', 'moved']);
    });
  });

  describe('documents', () => {
    it('have ids of any characters and any length', async () => {
      const collection = `c-${randomUUID()}`;
      const ids = ['https://as.example/tenant?a=b', '__proto__', '', '\0\n{}*', 'x'.repeat(5_000), 'ü'];
      for (const id of ids) expect(await opened.store.documents.create(collection, id, { id })).toBe(true);
      expect(await opened.store.documents.create(collection, '', { id: 'again' })).toBe(false);
      expect(await opened.store.documents.find(collection, '__proto__')).toEqual({ id: '__proto__' });
      expect(new Map(await opened.store.documents.list(collection))).toEqual(new Map(ids.map((id) => [id, { id }])));
      expect(await opened.store.documents.remove(collection, '')).toBe(true);
      expect(await opened.store.documents.find(collection, '')).toBeUndefined();
    });

    it('that cannot be opened hold up no other where the caller passes over them, and fail the list else (F14)', async () => {
      const collection = `c-${randomUUID()}`;
      await createStore(opened.engine, keyring('k9')).documents.put(collection, 'theirs', {});
      await opened.store.documents.put(collection, 'ours', {});
      await expect(opened.store.documents.list(collection)).rejects.toMatchObject({ code: 'key_unavailable' });
      const passedOver: Error[] = [];
      const listed = await opened.store.documents.list(collection, (error) => passedOver.push(error));
      expect([...listed.keys()]).toEqual(['ours']);
      expect(passedOver).toMatchObject([{ code: 'key_unavailable' }]);
    });
  });

  describe('counters and leases', () => {
    it('have names of any characters', async () => {
      const name = `sign-in:${randomUUID()}\n{ü}`;
      expect((await opened.store.counters.add(name, 60_000)).count).toBe(1);
      expect((await opened.store.counters.add(name, 60_000)).count).toBe(2);
      expect(await opened.store.counters.peek(name)).toBe(2);
      await opened.store.counters.reset(name);
      expect(await opened.store.counters.peek(name)).toBe(0);
      expect(await opened.store.leases.acquire(name, 'a', 60_000)).toBe(true);
      expect(await opened.store.leases.acquire(name, 'b', 60_000)).toBe(false);
      expect(await opened.store.leases.renew(name, 'a', 60_000)).toBe(true);
      await opened.store.leases.release(name, 'a');
      expect(await opened.store.leases.acquire(name, 'b', 60_000)).toBe(true);
    });
  });

  it('answers a check with its kind', async () => {
    expect(await opened.store.check()).toMatchObject({ kind: opened.engine.kind });
  });
}

function expiringFacts(opened: Opened): void {
  describe('one-time records', () => {
    it('come back as they were saved, secrets included', async () => {
      const record = {
        intent: anIntent(anOwner()),
        codeVerifier: new Secret('v'.repeat(43)),
        redirectUri: 'https://bot.example/oauth/github/callback',
        browserHash: 'h',
        startedAt: t0,
      };
      const state = randomUUID();
      await opened.store.expiring.save('pending_authorization', state, record, 60_000);
      const found = await opened.store.expiring.find('pending_authorization', state);
      expect(revealed(found)).toEqual(revealed(record));
      await opened.store.expiring.remove('pending_authorization', state);
      expect(await opened.store.expiring.find('pending_authorization', state)).toBeUndefined();
    });

    it('are taken by exactly one of 100', async () => {
      const code = randomUUID();
      await opened.store.expiring.save('connect_link', code, { intent: anIntent(anOwner()) }, 60_000);
      const taken = await Promise.all(
        Array.from({ length: 100 }, () => opened.store.expiring.take('connect_link', code)),
      );
      expect(taken.filter((record) => record !== undefined)).toHaveLength(1);
    });

    it('are worthless for another purpose, and end by themselves', async () => {
      const code = randomUUID();
      const link = { ...anOwner(), createdAt: t0 };
      await opened.store.expiring.save('account_link', code, link, 60_000);
      expect(await opened.store.expiring.take('connect_link', code)).toBeUndefined();
      await opened.store.expiring.save('account_link', code, link, 40);
      await vi.waitFor(async () => expect(await opened.store.expiring.find('account_link', code)).toBeUndefined());
    });

    it('do not open under another key of the same purpose (S1)', async () => {
      const [mine, theirs] = [randomUUID(), randomUUID()];
      await opened.store.expiring.save('account_link', theirs, { ...anOwner(), createdAt: t0 }, 60_000);
      const sealed = await opened.engine.getExpiring(expiringKeyOf('account_link', theirs));
      await opened.engine.putExpiring(expiringKeyOf('account_link', mine), sealed ?? Buffer.alloc(0), 60_000);
      await expect(opened.store.expiring.find('account_link', mine)).rejects.toMatchObject({
        code: 'stored_token_unreadable',
      });
    });

    it('stay when the key that opens them is missing here (S4)', async () => {
      const code = randomUUID();
      await opened.store.expiring.save('account_link', code, { ...anOwner(), createdAt: t0 }, 60_000);
      const elsewhere = createStore(opened.engine, keyring('k9'));
      await expect(elsewhere.expiring.take('account_link', code)).rejects.toMatchObject({ code: 'key_unavailable' });
      expect(await opened.store.expiring.take('account_link', code)).toBeDefined();
    });
  });
}

function dueFacts(opened: Opened): void {
  describe('due entries', () => {
    it('come with their records, once until their claim ends, and without when it is gone', async () => {
      const owner = anOwner();
      const connection = aConnection(owner);
      await opened.store.connections.write(owner, [
        { kind: 'put_connection', connection, expect: 'absent', generation: 5 },
      ]);
      const { due } = opened.store;
      await due.schedule(refTo(connection), 10);
      await due.schedule(refTo(aConnection(owner, { provider: providerIdSchema.parse('slack') })), 11);
      expect(await due.backlog(11)).toBe(2);

      const claimed = await due.claim(12, 10, 1_000);
      expect(claimed.map(({ stored }) => stored?.generation)).toEqual([5, undefined]);
      expect(await due.claim(12, 10, 1_000)).toEqual([]);

      for (const { member } of claimed.slice(1)) await due.settle(member, 'remove');
      await due.settle(claimed[0]?.member ?? '', 20);
      expect((await due.claim(20, 10, 1_000)).map(({ stored }) => stored?.generation)).toEqual([5]);
      await due.unschedule(refTo(connection));
      expect(await due.backlog(9_999)).toBe(0);
    });

    it('whose record cannot be opened hold up no other (F14)', async () => {
      const [theirs, ours] = [aConnection(anOwner()), aConnection(anOwner())];
      const elsewhere = createStore(opened.engine, keyring('k9'));
      const put = { kind: 'put_connection', expect: 'absent', generation: 1 } as const;
      await elsewhere.connections.write(refTo(theirs).owner, [{ ...put, connection: theirs }]);
      await opened.store.connections.write(refTo(ours).owner, [{ ...put, connection: ours }]);
      for (const connection of [theirs, ours]) {
        await opened.store.due.schedule(refTo(connection), 10);
      }
      const claimed = await opened.store.due.claim(10, 10, 1_000);
      expect(claimed.map(({ stored }) => stored?.connection.connectionId)).toEqual([ours.connectionId]);
      for (const connection of [theirs, ours]) {
        await opened.store.due.unschedule(refTo(connection));
      }
    });
  });
}

function eventFacts(opened: Opened): void {
  describe('events', () => {
    const happened = (owner: ReturnType<typeof anOwner>, connectId: string) => {
      const { provider, account } = aConnection(owner);
      return { type: 'connect.progressed', connectId, at: t0, userId: owner.userId, provider, account } as const;
    };

    it('are read in order by their tenant only, resume, and wake who waits', async () => {
      const owner = anOwner(`t-${randomUUID()}`);
      const { events } = opened.store;
      const before = await events.newest(owner.tenant);
      const waiting = events.wait(owner.tenant, before, AbortSignal.timeout(10_000));
      const first = await events.append(owner.tenant, happened(owner, 'c1'));
      await waiting;
      await events.append(owner.tenant, happened(owner, 'c2'));
      const read = await events.read(owner.tenant, undefined, 10);
      expect(read.map(({ event }) => event)).toEqual([happened(owner, 'c1'), happened(owner, 'c2')]);
      expect((await events.read(owner.tenant, first, 10)).map(({ event }) => event)).toEqual([happened(owner, 'c2')]);
      expect(await events.read(anOwner(`t-${randomUUID()}`).tenant, undefined, 10)).toEqual([]);
    });

    it('name each tenant that ever had one, once', async () => {
      const { events } = opened.store;
      const [one, other] = [anOwner(`t-${randomUUID()}`), anOwner(`t-${randomUUID()}`)];
      expect(await events.tenants()).not.toContain(one.tenant);
      for (const owner of [one, other, one]) await events.append(owner.tenant, happened(owner, 'c1'));
      const named = (await events.tenants()).filter((tenant) => [one, other].some((owner) => owner.tenant === tenant));
      expect(named.sort()).toEqual([one.tenant, other.tenant].sort());
    });

    it('of one turn have an id each, and take one write', async () => {
      const { tenant, ...owner } = anOwner(`t-${randomUUID()}`);
      const { events } = opened.store;
      await events.append(tenant, happened({ tenant, ...owner }, 'c0'));
      const happening = Array.from({ length: 20 }, (_, index) => happened({ tenant, ...owner }, `c${index + 1}`));
      const ids = await Promise.all(happening.map((event) => events.append(tenant, event)));
      const stored = happening.map((event, index) => ({ id: ids[index], event }));
      expect((await events.read(tenant, undefined, 100)).slice(1)).toEqual(stored);
      expect(await events.read(tenant, ids[7], 100)).toEqual(stored.slice(8));
      expect(await opened.engine.readLog(`events/${hashOf(tenant)}`, undefined, 100)).toHaveLength(2);
    });

    it('that cannot be opened are passed over, however many', async () => {
      const owner = anOwner(`t-${randomUUID()}`);
      const elsewhere = createStore(opened.engine, keyring('k1'));
      for (let index = 0; index < 5; index += 1) await elsewhere.events.append(owner.tenant, happened(owner, 'x'));
      await opened.store.events.append(owner.tenant, happened(owner, 'c1'));
      expect(await opened.store.events.read(owner.tenant, undefined, 2)).toHaveLength(1);
    });

    it('that only a later version knows are passed over, and none that was written with them', async () => {
      const owner = anOwner(`t-${randomUUID()}`);
      const { events } = opened.store;
      const log = `events/${hashOf(owner.tenant)}`;
      const later = { ...happened(owner, 'c2'), type: 'connection.lent' };
      const written = [happened(owner, 'c1'), later, happened(owner, 'c3')];
      const bytes = opened.keys.seal(toBytes([2, ...written]), `event\n${log}`);
      await opened.engine.append(log, bytes, { keepMs: 60_000, keepMost: 10, holds: written.length });
      const [first, last] = await events.read(owner.tenant, undefined, 10);
      expect([first?.event, last?.event]).toEqual([written[0], written[2]]);
      expect(await events.read(owner.tenant, first?.id, 10)).toEqual([last]);
      expect(last?.id).toBe(await events.newest(owner.tenant));
    });
  });
}
