/** Facts about walking over all that is kept, and about exchanging bytes where they stand. */

import { describe, expect, it } from 'vitest';
import type { StorageEngine, Walked } from '../../../src/store/engine.js';
import { type SealedRecord, walkSealedRecords } from '../../../src/store/sealed-records.js';
import type { OpenEngine, Pair } from './engine.js';
import { at, freshOwner } from './fields.js';

/** A whole walk. */
async function walkAll(engine: StorageEngine, what: Walked): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const batch = await engine.walk(what, cursor);
    names.push(...batch.names);
    cursor = batch.next;
  } while (cursor !== undefined);
  return [...new Set(names)].sort();
}

/** A few at a time: a store under test is small. */
async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += 25) await Promise.all(items.slice(start, start + 25).map(act));
}

export function walkContract(open: OpenEngine): void {
  describe('a walk', () => {
    it('meets every name of its kind, over many batches, and none of another kind', async () => {
      const engine = await open({ keyPrefix: `walk-${Math.random().toString(36).slice(2)}` });
      for (const what of ['owners', 'expiring', 'logs', 'collections'] as const) {
        expect(await walkAll(engine, what)).toEqual([]);
      }
      const owners = Array.from({ length: 600 }, freshOwner).sort();
      const change = [
        { field: 'c/a', expect: 'absent', next: at(1, 'a') },
        { field: 'c/b', expect: 'absent', next: at(1, 'b') },
      ] as const;
      await inTurns(owners, (owner) => engine.writeFields(owner, change));
      const claim = { field: 'c/a', holder: 'h', version: 1, leaseMs: 60_000, note: Buffer.from('n') };
      await engine.claimField(owners[0] ?? freshOwner(), claim);
      await engine.putExpiring('connect/x', Buffer.from('a'), 60_000);
      await engine.count('counter/x', 60_000);
      for (const log of ['events/a', 'events/ab'])
        await engine.append(log, Buffer.from('a'), { keepMs: 60_000, keepMost: 9 });
      for (const id of ['1', '2']) await engine.putDocument('things', id, Buffer.from(id));
      await engine.putDocument('thing', '1', Buffer.from('a'));
      expect(await walkAll(engine, 'owners')).toEqual(owners);
      expect(await walkAll(engine, 'expiring')).toEqual(['connect/x', 'counter/x']);
      expect(await walkAll(engine, 'logs')).toEqual(['events/a', 'events/ab']);
      expect(await walkAll(engine, 'collections')).toEqual(['thing', 'things']);
      await engine.close();
    });

    it('meets all that stays, while others come and go', async () => {
      const engine = await open({ keyPrefix: `walk-${Math.random().toString(36).slice(2)}` });
      const write = (owner: ReturnType<typeof freshOwner>) =>
        engine.writeFields(owner, [{ field: 'c/a', expect: 'absent', next: at(1, 'a') }]);
      const [staying, going] = [Array.from({ length: 300 }, freshOwner), Array.from({ length: 300 }, freshOwner)];
      await inTurns([...staying, ...going], write);
      const [names] = await Promise.all([
        walkAll(engine, 'owners'),
        inTurns(going, (owner) => Promise.all([engine.eraseOwner(owner), write(freshOwner())])),
      ]);
      expect(staying.filter((owner) => !names.includes(owner))).toEqual([]);
      await engine.close();
    });
  });
}

export function sealedWalkContract(open: OpenEngine): void {
  describe('a walk over what is sealed', () => {
    it('meets every entry of a log of several pages once, in order', async () => {
      const count = 1_001;
      const engine = await open({ keyPrefix: `walk-${Math.random().toString(36).slice(2)}` });
      const entries = Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index}`));
      const keep = { keepMs: 3_600_000, keepMost: 10_000 };
      const ids: string[] = [];
      await inTurns(entries, async (entry) => ids.push(await engine.append('audit/a', entry, keep)));
      await engine.append('events/a', Buffer.from('other'), keep);
      const walked: SealedRecord[] = [];
      for await (const record of walkSealedRecords(engine)) walked.push(record);
      const [audit, events] = ['audit', 'event'].map((kind) => walked.filter((record) => record.kind === kind));
      expect(audit?.map(({ sealed }) => sealed.toString()).sort()).toEqual(entries.map(String).sort());
      const inOrder = (await engine.readLog('audit/a', undefined, count + 1)).map(({ id }) => `audit audit/a ${id}`);
      expect(audit?.map(({ where }) => where)).toEqual(inOrder);
      expect(inOrder).toHaveLength(new Set(ids).size);
      expect(events?.map(({ sealed }) => sealed.toString())).toEqual(['other']);
      await engine.close();
    });
  });
}

export function exchangeContract(pair: Pair): void {
  describe('an exchange', () => {
    it('puts other bytes under the same version, and leaves mark, note and lease', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'c', expect: 'absent', next: at(7, 'old') }]);
      await pair.one.mark(owner, 'c', 42);
      const claim = { field: 'c', holder: 'h', version: 7, leaseMs: 60_000, note: Buffer.from('note') };
      await pair.one.claimField(owner, claim);
      expect(await pair.other.exchangeField(owner, 'c', at(7, 'new'))).toBe('stored');
      expect(await pair.one.readField(owner, 'c')).toEqual(at(7, 'new'));
      expect((await pair.one.readOwner(owner)).marks.get('c')).toBe(42);
      expect(await pair.one.readNote(owner, 'c')).toEqual(Buffer.from('note'));
      expect(await pair.other.claimField(owner, { ...claim, holder: 'other' })).toMatchObject({ kind: 'busy' });
    });

    it('is refused under another version, and brings nothing back', async () => {
      const owner = freshOwner();
      expect(await pair.one.exchangeField(owner, 'c', at(1, 'a'))).toBe('moved');
      await pair.one.writeFields(owner, [{ field: 'c', expect: 'absent', next: at(2, 'b') }]);
      expect(await pair.one.exchangeField(owner, 'c', at(1, 'a'))).toBe('moved');
      expect(await pair.one.readField(owner, 'c')).toEqual(at(2, 'b'));
    });

    it('of a document happens only when the known bytes stand there', async () => {
      const collection = `things-${Math.random().toString(36).slice(2)}`;
      const change = { known: Buffer.from([0, 255, 10]), next: Buffer.from([255, 0, 13]) };
      expect(await pair.one.exchangeDocument(collection, 'a', change)).toBe(false);
      await pair.one.putDocument(collection, 'a', change.known);
      expect(await pair.other.exchangeDocument(collection, 'a', change)).toBe(true);
      expect(await pair.other.exchangeDocument(collection, 'a', change)).toBe(false);
      expect(await pair.one.getDocument(collection, 'a')).toEqual(change.next);
    });
  });
}
