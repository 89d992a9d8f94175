/** Facts about the due index. */

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StorageEngine } from '../../../src/store/engine.js';
import type { OpenEngine } from './engine.js';

/** The due index is one for all, so each fact gets a world of its own. */
export function dueContract(open: OpenEngine): void {
  describe('the due index', () => {
    let engine: StorageEngine;
    beforeEach(async () => {
      engine = await open({ keyPrefix: `due-${randomUUID()}` });
    });
    afterEach(() => engine.close());
    const t = 1_795_000_000_000;

    it('claims what is due, oldest first, up to the limit', async () => {
      await engine.schedule('late', t + 1);
      await engine.schedule('second', t - 5);
      await engine.schedule('first', t - 9);
      await engine.schedule('third', t);
      expect(await engine.countDue(t)).toBe(3);
      expect(await engine.claimDue(t, 2, 1_000)).toEqual(['first', 'second']);
      expect(await engine.claimDue(t, 10, 1_000)).toEqual(['third']);
    });

    it('claims the oldest of many, wherever they lie', async () => {
      const times = new Map<string, number>();
      for (let index = 0; index < 400; index += 1) times.set(randomUUID(), t - ((index * 7_919) % 400));
      // Most of them where the oldest are, so that no part of the index has its share.
      for (const [member, dueAt] of [...times].slice(0, 150)) times.set(`0${member}`, dueAt - 1_000);
      await Promise.all([...times].map(([member, dueAt]) => engine.schedule(member, dueAt)));
      const order = [...times.values()].sort((a, b) => a - b);
      for (const first of [0, 100, 200, 500]) {
        const limit = first === 200 ? 300 : 100;
        const claimed = await engine.claimDue(t, limit, 1_000);
        expect(claimed.map((member) => times.get(member))).toEqual(order.slice(first, first + limit));
      }
    });

    it('hides a claimed member until its lease ends', async () => {
      await engine.schedule('m', t);
      expect(await engine.claimDue(t, 10, 1_000)).toEqual(['m']);
      expect(await engine.claimDue(t + 999, 10, 1_000)).toEqual([]);
      expect(await engine.claimDue(t + 1_000, 10, 1_000)).toEqual(['m']);
    });

    it('hands each member to one of several claimers', async () => {
      for (let index = 0; index < 30; index += 1) await engine.schedule(`m${index}`, t);
      const claimed = await Promise.all(Array.from({ length: 6 }, () => engine.claimDue(t, 10, 1_000)));
      expect(claimed.flat()).toHaveLength(30);
      expect(new Set(claimed.flat()).size).toBe(30);
    });

    it('moves and removes members', async () => {
      await engine.schedule('m', t);
      await engine.schedule('m', t + 50);
      expect(await engine.countDue(t)).toBe(0);
      expect(await engine.countDue(t + 50)).toBe(1);
      await engine.unschedule('m');
      await engine.unschedule('m');
      expect(await engine.countDue(t + 99)).toBe(0);
    });

    it('settles a member that nobody has moved meanwhile, and no other', async () => {
      for (const member of ['moved', 'removed', 'gone', 'other']) await engine.schedule(member, t);
      await engine.claimDue(t, 10, 1_000);
      await engine.schedule('other', t + 5);
      await engine.unschedule('gone');
      const claimed = t + 1_000;
      await engine.settleDue('moved', { dueAt: claimed, next: t + 50 });
      await engine.settleDue('removed', { dueAt: claimed, next: undefined });
      for (const next of [t + 70, undefined]) {
        for (const member of ['moved', 'removed', 'gone', 'other']) {
          await engine.settleDue(member, { dueAt: claimed, next });
        }
      }
      expect(await engine.dueTime('moved')).toBe(t + 50);
      expect(await engine.dueTime('other')).toBe(t + 5);
      expect(await engine.countDue(t + 9_999)).toBe(2);
    });

    it('tells when a member is due', async () => {
      expect(await engine.dueTime('m')).toBeUndefined();
      await engine.schedule('m', t + 50);
      expect(await engine.dueTime('m')).toBe(t + 50);
      await engine.unschedule('m');
      expect(await engine.dueTime('m')).toBeUndefined();
    });

    it('keeps every character of latin1 in a member', async () => {
      const member = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
      await engine.schedule(member, t);
      expect(await engine.claimDue(t, 1, 1)).toEqual([member]);
    });
  });
}
