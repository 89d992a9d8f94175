/** Facts about the audit trail: entries of one turn are stored as one, and read as if each had been stored alone. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/core/audit.js';
import { StoreUnavailable } from '../../../src/core/errors.js';
import { hashOf } from '../../../src/store/field-names.js';
import { verifyRecords } from '../../../src/store/key-use.js';
import { createStore } from '../../../src/store/sealed-store.js';
import { toBytes } from '../../../src/store/stored-json.js';
import { anOwner, keyring, t0 } from '../samples.js';
import type { Opened } from './store.js';

export function auditTrailContract(opened: Opened): void {
  describe('audit trail', () => {
    const aTrail = () => {
      const { tenant } = anOwner(`t-${randomUUID()}`);
      const entry = (at: number): AuditEntry => ({
        at,
        tenant,
        act: 'token.issue',
        actor: { kind: 'caller', id: 'bot' },
        outcome: 'ok',
      });
      return { tenant, entry };
    };

    it('gives each entry of one turn its own id, and goes on after any of them', async () => {
      const { audit } = opened.store;
      const { tenant, entry } = aTrail();
      const entries = Array.from({ length: 70 }, (_, index) => entry(t0 + index));
      const ids = await Promise.all(entries.map((each) => audit.append(each)));
      const stored = entries.map((each, index) => ({ id: ids[index], entry: each }));
      expect(new Set(ids).size).toBe(70);
      expect(await audit.read(tenant, undefined, 1_000)).toEqual(stored);
      for (const [index, id] of ids.entries()) {
        expect(await audit.read(tenant, id, 3)).toEqual(stored.slice(index + 1, index + 4));
      }
      expect(await audit.readEnd(tenant, 2)).toEqual(stored.slice(-2));
    });

    it('takes one write for the entries that come together', async () => {
      const { audit } = opened.store;
      const { tenant, entry } = aTrail();
      await Promise.all(Array.from({ length: 20 }, (_, index) => audit.append(entry(t0 + index))));
      expect(await opened.engine.readLog(`audit/${hashOf(tenant)}`, undefined, 100)).toHaveLength(1);
    });

    it('wakes who waits for the next entry, and nobody before', async () => {
      const { audit } = opened.store;
      const { tenant, entry } = aTrail();
      const last = await audit.append(entry(t0));
      const signal = AbortSignal.timeout(10_000);
      let isAwake = false;
      const waiting = audit.wait(tenant, last, signal).then(() => {
        isAwake = true;
      });
      // More turns than a look at the trail takes.
      for (let turn = 0; turn < 50; turn += 1) await audit.readEnd(tenant, 1);
      expect(isAwake).toBe(false);
      await audit.append(entry(t0 + 1));
      await waiting;
      // From the beginning there is something to read.
      await audit.wait(tenant, undefined, signal);
      expect(signal.aborted).toBe(false);
    });

    it('refuses an entry of the wrong form by itself', async () => {
      const { audit } = opened.store;
      const { tenant, entry } = aTrail();
      const wrong = { ...entry(t0), reason: 'x'.repeat(201) };
      const results = await Promise.allSettled([entry(t0), entry(t0 + 1), wrong, entry(t0 + 2)].map(audit.append));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect((await audit.read(tenant, undefined, 10)).map(({ entry: { at } }) => at)).toEqual([t0, t0 + 1, t0 + 2]);
    });

    it('has none of the entries of a write that failed, and tells each who waits', async () => {
      const { tenant, entry } = aTrail();
      const failure = new StoreUnavailable('The store is unavailable: the test says so.', 'no');
      const full = new Proxy(opened.engine, {
        get: (engine, name) => (name === 'append' ? () => Promise.reject(failure) : Reflect.get(engine, name)),
      });
      const { audit } = createStore(full, opened.keys);
      const results = await Promise.allSettled([1, 2, 3].map((at) => audit.append(entry(at))));
      expect(results).toEqual(results.map(() => ({ status: 'rejected', reason: failure })));
      expect(await opened.store.audit.read(tenant, undefined, 10)).toEqual([]);
    });

    it('passes over what cannot be opened, entries of one turn included', async () => {
      const { audit } = opened.store;
      const { tenant, entry } = aTrail();
      const elsewhere = createStore(opened.engine, keyring('k1'));
      await Promise.all([1, 2, 3, 4].map((at) => elsewhere.audit.append(entry(at))));
      const id = await audit.append(entry(t0));
      expect(await audit.read(tenant, undefined, 1)).toEqual([{ id, entry: entry(t0) }]);
    });

    it('passes over an act that only a later version knows, and none that was written with it', async () => {
      const { audit } = opened.store;
      const { tenant, entry } = aTrail();
      const log = `audit/${hashOf(tenant)}`;
      const written = [entry(1), entry(2), { ...entry(3), act: 'token.lend' }];
      const bytes = opened.keys.seal(toBytes([2, ...written]), `audit\n${log}`);
      await opened.engine.append(log, bytes, { keepMs: 60_000, keepMost: 10, holds: written.length });
      const found = await audit.read(tenant, undefined, 10);
      expect(found.map((each) => each.entry)).toEqual([entry(1), entry(2)]);
      expect(await audit.readEnd(tenant, 1)).toEqual(found.slice(1));
      const { unopened } = await verifyRecords(opened.engine, opened.keys);
      const where = expect.stringContaining(log);
      expect(unopened).toContainEqual({ where, code: 'stored_token_unreadable' });
    });
  });
}
