/** Facts about events: in order, by tenant, and what cannot be read stands in nobody's way. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../../src/store/field-names.js';
import { createStore } from '../../../src/store/sealed-store.js';
import { toBytes } from '../../../src/store/stored-json.js';
import { aConnection, anOwner, keyring, t0 } from '../samples.js';
import type { Opened } from './store.js';

export function eventsContract(opened: Opened): void {
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

    it('whose key is missing here are not passed over: the reader is told, and loses none', async () => {
      const owner = anOwner(`t-${randomUUID()}`);
      await opened.store.events.append(owner.tenant, happened(owner, 'c1'));
      const { events } = createStore(opened.engine, keyring('k9'));
      await expect(events.read(owner.tenant, undefined, 2)).rejects.toMatchObject({ code: 'key_unavailable' });
    });

    it('that were read, and are waited for once more, wake at once', async () => {
      const owner = anOwner(`t-${randomUUID()}`);
      const { events } = opened.store;
      const after = await events.append(owner.tenant, happened(owner, 'c1'));
      await events.append(owner.tenant, happened(owner, 'c2'));
      expect(await events.read(owner.tenant, after, 2)).toHaveLength(1);
      const signal = AbortSignal.timeout(10_000);
      await events.wait(owner.tenant, after, signal);
      expect(signal.aborted).toBe(false);
    });

    it('of one tenant that were passed over let nobody wait for those of another', async () => {
      const [theirs, ours] = [anOwner(`t-${randomUUID()}`), anOwner(`t-${randomUUID()}`)];
      const { events } = opened.store;
      await events.append(ours.tenant, happened(ours, 'c1'));
      const elsewhere = createStore(opened.engine, keyring('k1'));
      for (let index = 0; index < 3; index += 1) await elsewhere.events.append(theirs.tenant, happened(theirs, 'x'));
      expect(await events.read(theirs.tenant, '', 2)).toEqual([]);
      const signal = AbortSignal.timeout(10_000);
      await events.wait(ours.tenant, '', signal);
      expect(signal.aborted).toBe(false);
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

    it.each([
      ['only a later version knows', { type: 'connection.lent' }],
      ['nobody can read', 'broken'],
    ])('that %s wake nobody who has passed them over, and what follows does', async (_, unknown) => {
      const owner = anOwner(`t-${randomUUID()}`);
      const { events } = opened.store;
      const log = `events/${hashOf(owner.tenant)}`;
      const after = await events.append(owner.tenant, happened(owner, 'c1'));
      const bytes = opened.keys.seal(toBytes([1, unknown]), `event\n${log}`);
      for (let index = 0; index < 3; index += 1) {
        await opened.engine.append(log, bytes, { keepMs: 60_000, keepMost: 10 });
      }
      expect(await events.read(owner.tenant, after, 2)).toEqual([]);
      let isAwake = false;
      const waiting = events.wait(owner.tenant, after, AbortSignal.timeout(30_000)).then(() => {
        isAwake = true;
      });
      // More turns than a look at the log takes.
      for (let turn = 0; turn < 50; turn += 1) await events.newest(owner.tenant);
      expect(isAwake).toBe(false);
      await events.append(owner.tenant, happened(owner, 'c2'));
      await waiting;
      expect((await events.read(owner.tenant, after, 2)).map(({ event }) => event)).toEqual([happened(owner, 'c2')]);
    });
  });
}
