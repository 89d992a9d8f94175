/** Facts about the store's short-lived records, codes and documents. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { expiringKeyOf, hashOf } from '../../../src/store/field-names.js';
import { createStore } from '../../../src/store/sealed-store.js';
import { aGrant, anIntent, anOwner, keyring, revealed, t0 } from '../samples.js';
import { auditTrailContract } from './audit-trail.js';
import { dueEntriesContract } from './due-entries.js';
import { eventsContract } from './events.js';
import type { Opened } from './store.js';

export function storeRecordsContract(opened: Opened): void {
  expiringFacts(opened);
  dueEntriesContract(opened);
  eventsContract(opened);
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

    it('do not open under another id or in another collection (S1)', async () => {
      const [here, there] = [`c-${randomUUID()}`, `c-${randomUUID()}`];
      await opened.store.documents.put(here, 'theirs', {});
      const sealed = (await opened.engine.getDocument(here, hashOf('theirs'))) ?? Buffer.alloc(0);
      for (const [collection, id] of [
        [here, 'mine'],
        [there, 'theirs'],
      ] as const) {
        await opened.engine.putDocument(collection, hashOf(id), sealed);
        const code = 'stored_token_unreadable';
        await expect(opened.store.documents.find(collection, id)).rejects.toMatchObject({ code });
      }
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

    it.each(['', '.event-tenants', 'a/b', 'a b', 'a'.repeat(65)])('are in no collection named %j', async (name) => {
      const { documents } = opened.store;
      const attempts = [
        documents.put(name, 'a', 1),
        documents.create(name, 'a', 1),
        documents.find(name, 'a'),
        documents.list(name),
        documents.remove(name, 'a'),
      ];
      for (const attempt of await Promise.allSettled(attempts)) {
        expect(attempt).toMatchObject({
          status: 'rejected',
          reason: new TypeError('A collection is named by 1-64 of A-Z a-z 0-9 _ -'),
        });
      }
    });

    it('open at their own place alone (S1)', async () => {
      const [here, there] = [`docs-${randomUUID()}`, `docs-${randomUUID()}`];
      const { documents } = opened.store;
      await documents.put(here, 'mine', 'a setting');
      const sealed = (await opened.engine.getDocument(here, hashOf('mine'))) ?? Buffer.alloc(0);
      await opened.engine.putDocument(here, hashOf('yours'), sealed);
      await opened.engine.putDocument(there, hashOf('mine'), sealed);
      for (const [collection, id] of [
        [here, 'yours'],
        [there, 'mine'],
      ] as const) {
        await expect(documents.find(collection, id)).rejects.toMatchObject({ code: 'stored_token_unreadable' });
      }
      expect(await documents.find(here, 'mine')).toBe('a setting');
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

    it('are exchanged by one of many who know what is there, whatever their seals', async () => {
      const key = randomUUID();
      const { expiring } = opened.store;
      const [first, second] = [
        { ...anOwner(), createdAt: t0 },
        { ...anOwner(), createdAt: t0 },
      ];
      const change = (known: typeof first | undefined, next: typeof first) =>
        expiring.exchange('account_link', key, { known, next, ttlMs: 60_000 });
      expect(await change(first, second)).toBe(false);
      const creations = await Promise.all(Array.from({ length: 20 }, () => change(undefined, first)));
      expect(creations.filter(Boolean)).toHaveLength(1);
      expect(await change(second, second)).toBe(false);
      const exchanges = await Promise.all(Array.from({ length: 20 }, () => change(first, second)));
      expect(exchanges.filter(Boolean)).toHaveLength(1);
      expect(await expiring.find('account_link', key)).toEqual(second);
    });

    it('are worthless for another purpose, and end by themselves', async () => {
      const code = randomUUID();
      const link = { ...anOwner(), createdAt: t0 };
      await opened.store.expiring.save('account_link', code, link, 60_000);
      expect(await opened.store.expiring.take('connect_link', code)).toBeUndefined();
      await opened.store.expiring.save('account_link', code, link, 40);
      await expect.poll(() => opened.store.expiring.find('account_link', code)).toBeUndefined();
    });

    it('are kept under nothing that says what their own key was (L9)', async () => {
      const code = randomUUID();
      await opened.store.expiring.save('account_link', code, { ...anOwner(), createdAt: t0 }, 60_000);
      expect(await opened.engine.getExpiring(`account_link/${code}`)).toBeUndefined();
      expect(expiringKeyOf('account_link', code)).not.toContain(code);
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
