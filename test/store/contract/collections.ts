/** Facts about the logs and the documents. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/redis.js';
import type { Pair } from './engine.js';

export function logContract(pair: Pair): void {
  const keep = { keepMs: 3_600_000, keepMost: 1_000 };
  const texts = (entries: readonly { bytes: Buffer }[]) => entries.map((entry) => entry.bytes.toString());

  describe('logs', () => {
    it('keep order and resume after an id', async () => {
      const log = `log-${randomUUID()}`;
      const ids: string[] = [];
      for (const text of ['a', 'b', 'c', 'd']) ids.push(await pair.one.append(log, Buffer.from(text), keep));
      const all = await pair.other.readLog(log, undefined, 10);
      expect(texts(all)).toEqual(['a', 'b', 'c', 'd']);
      expect(all.map((entry) => entry.id)).toEqual(ids);
      expect(texts(await pair.one.readLog(log, ids[1], 10))).toEqual(['c', 'd']);
      expect(texts(await pair.one.readLog(log, ids[0], 2))).toEqual(['b', 'c']);
      expect(texts(await pair.one.readLogEnd(log, 2))).toEqual(['c', 'd']);
      expect(await pair.one.readLogEnd(`${log}-of-nobody`, 2)).toEqual([]);
      expect(await pair.one.readLog(log, ids[3], 10)).toEqual([]);
    });

    it('lose none of many parallel entries, and give no two the same id', async () => {
      const log = `log-${randomUUID()}`;
      const ids = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 === 0 ? pair.one : pair.other).append(log, Buffer.from(`${index}`), keep),
        ),
      );
      expect(new Set(ids).size).toBe(50);
      const read = await pair.one.readLog(log, undefined, 100);
      expect(new Set(read.map((entry) => entry.id))).toEqual(new Set(ids));
    });

    it('name the newest id, and before the first entry one that all entries follow', async () => {
      const log = `log-${randomUUID()}`;
      const before = await pair.one.newestId(log);
      const id = await pair.one.append(log, Buffer.from('a'), keep);
      expect(texts(await pair.one.readLog(log, before, 10))).toEqual(['a']);
      expect(await pair.other.newestId(log)).toBe(id);
    });

    it('read from the oldest kept after an id that is none of theirs', async () => {
      const log = `log-${randomUUID()}`;
      await pair.one.append(log, Buffer.from('a'), keep);
      for (const id of ['', 'x', '../..', "'", '-1', '9'.repeat(400)]) {
        expect(texts(await pair.one.readLog(log, id, 10))).toEqual(['a']);
      }
    });

    it('are kept apart by name', async () => {
      const log = `log-${randomUUID()}`;
      await pair.one.append(`${log}x`, Buffer.from('a'), keep);
      expect(await pair.one.readLog(log, undefined, 10)).toEqual([]);
    });

    it.each(['one', 'other'] as const)('wake a waiter of %s when something is appended', async (waiter) => {
      const log = `log-${randomUUID()}`;
      const before = await pair[waiter].newestId(log);
      const waiting = pair[waiter].waitLog(log, before, AbortSignal.timeout(10_000));
      await pair.one.append(log, Buffer.from('a'), keep);
      await waiting;
      expect(await pair[waiter].readLog(log, before, 10)).toHaveLength(1);
    });

    it('let a waiter pass at once when there is something after its id', async () => {
      const log = `log-${randomUUID()}`;
      const before = await pair.one.newestId(log);
      await pair.one.append(log, Buffer.from('a'), keep);
      const signal = AbortSignal.timeout(10_000);
      await pair.one.waitLog(log, before, signal);
      expect(signal.aborted).toBe(false);
    });

    it('let a waiter go when its signal fires, before or during the wait', async () => {
      const log = `log-${randomUUID()}`;
      const before = await pair.one.newestId(log);
      const controller = new AbortController();
      const waiting = pair.one.waitLog(log, before, controller.signal);
      controller.abort();
      await expect(waiting).resolves.toBeUndefined();
      await expect(pair.one.waitLog(log, before, AbortSignal.abort())).resolves.toBeUndefined();
    });

    it('number the entries that were appended together, and are read as they were appended', async () => {
      const log = `log-${randomUUID()}`;
      const first = await pair.one.append(log, Buffer.from('a'), keep);
      const third = await pair.one.append(log, Buffer.from('b c'), { ...keep, holds: 2 });
      const fourth = await pair.other.append(log, Buffer.from('d'), keep);
      const second = third.replace(/\d+$/, (number) => String(Number(number) - 1));
      expect(second).not.toBe(first);
      for (const after of [first, second]) {
        expect(texts(await pair.one.readLog(log, after, 10))).toEqual(['b c', 'd']);
      }
      expect(texts(await pair.one.readLog(log, third, 10))).toEqual(['d']);
      expect(texts(await pair.one.readLogEnd(log, 2))).toEqual(['b c', 'd']);
      expect(await pair.one.newestId(log)).toBe(fourth);
    });

    it('count entries, however many are appended together, for what is to be kept', async () => {
      const log = `log-${randomUUID()}`;
      const few = { keepMs: 3_600_000, keepMost: 1_000, holds: 50 };
      for (let index = 0; index < 100; index += 1) await pair.one.append(log, Buffer.alloc(1_000, index), few);
      const kept = await pair.one.readLog(log, undefined, 1_000);
      expect(kept.length).toBeGreaterThanOrEqual(20);
      expect(kept.length).toBeLessThan(40);
      expect(kept.at(-1)?.bytes).toEqual(Buffer.alloc(1_000, 99));
    });

    it('let single entries be taken out; nobody is woken for one that is gone', async () => {
      const log = `log-${randomUUID()}`;
      const ids: string[] = [];
      for (const text of ['a', 'b', 'c']) ids.push(await pair.one.append(log, Buffer.from(text), keep));
      const [first = '', second = '', third = ''] = ids;
      await pair.one.removeEntry(log, second);
      await pair.one.removeEntry(log, `${second}0`);
      expect(texts(await pair.other.readLog(log, first, 10))).toEqual(['c']);
      await pair.other.removeEntry(log, third);
      const woken = pair.one.waitLog(log, first, AbortSignal.timeout(300)).then(() => 'woken');
      await expect(Promise.race([woken, sleep(200, 'asleep')])).resolves.toBe('asleep');
      const last = await pair.one.append(log, Buffer.from('d e'), { ...keep, holds: 2 });
      expect(texts(await pair.other.readLog(log, first, 10))).toEqual(['d e']);
      await pair.one.removeEntry(log, last);
      await pair.one.removeEntry(log, first);
      expect(await pair.other.readLog(log, undefined, 10)).toEqual([]);
      await pair.other.append(log, Buffer.from('f'), keep);
      expect(texts(await pair.one.readLogEnd(log, 10))).toEqual(['f']);
    });

    it('end at their age: the next entry drops them, and without one they go all the same', async () => {
      const log = `log-${randomUUID()}`;
      const short = { keepMs: 100, keepMost: 1_000 };
      await pair.one.append(log, Buffer.from('a'), short);
      await eventually('they are gone', async () => (await pair.one.readLog(log, undefined, 9)).length === 0);
      expect(await pair.one.readLogEnd(log, 9)).toEqual([]);
      await pair.one.append(log, Buffer.from('old'), keep);
      await sleep(150);
      await pair.other.append(log, Buffer.from('new'), short);
      expect(texts(await pair.one.readLog(log, undefined, 9))).not.toContain('old');
    });

    it('end each at its own age, also where others came after it and nothing comes any more', async () => {
      const log = `log-${randomUUID()}`;
      const short = { keepMs: 3_000, keepMost: 1_000 };
      const first = await pair.one.append(log, Buffer.from('a'), short);
      await sleep(1_500);
      await pair.one.append(log, Buffer.from('b'), short);
      await eventually('the first is gone', async () => !texts(await pair.other.readLog(log, '0', 9)).includes('a'));
      for (const after of [undefined, first]) expect(texts(await pair.one.readLog(log, after, 9))).toEqual(['b']);
      expect(texts(await pair.one.readLogEnd(log, 9))).toEqual(['b']);
    });

    it('do not grow far beyond what is to be kept', async () => {
      const log = `log-${randomUUID()}`;
      const few = { keepMs: 3_600_000, keepMost: 5 };
      for (let index = 0; index < 400; index += 1) await pair.one.append(log, Buffer.from(`${index}`), few);
      const kept = texts(await pair.one.readLog(log, undefined, 1_000));
      expect(kept.length).toBeLessThan(250);
      expect(kept.slice(-5)).toEqual(['395', '396', '397', '398', '399']);
    });
  });
}

export function documentContract(pair: Pair): void {
  describe('documents', () => {
    it('are put, replaced, listed and removed', async () => {
      const collection = `docs-${randomUUID()}`;
      await pair.one.putDocument(collection, 'a', Buffer.from('1'));
      await pair.one.putDocument(collection, 'a', Buffer.from('2'));
      await pair.one.putDocument(collection, 'b', Buffer.from('3'));
      expect(await pair.other.getDocument(collection, 'a')).toEqual(Buffer.from('2'));
      expect(new Map(await pair.other.listDocuments(collection))).toEqual(
        new Map([
          ['a', Buffer.from('2')],
          ['b', Buffer.from('3')],
        ]),
      );
      expect(await pair.one.removeDocument(collection, 'a')).toBe(true);
      expect(await pair.one.removeDocument(collection, 'a')).toBe(false);
      expect(await pair.one.getDocument(collection, 'a')).toBeUndefined();
    });

    it('are created by exactly one of many', async () => {
      const collection = `docs-${randomUUID()}`;
      const created = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? pair.one : pair.other).createDocument(collection, 'a', Buffer.from(`${index}`)),
        ),
      );
      expect(created.filter(Boolean)).toHaveLength(1);
      expect(await pair.one.getDocument(collection, 'a')).toEqual(Buffer.from(`${created.indexOf(true)}`));
    });

    it('are kept apart by collection', async () => {
      const collection = `docs-${randomUUID()}`;
      await pair.one.putDocument(`${collection}x`, 'a', Buffer.from('1'));
      expect((await pair.one.listDocuments(collection)).size).toBe(0);
      expect(await pair.one.getDocument(collection, 'a')).toBeUndefined();
    });
  });
}
