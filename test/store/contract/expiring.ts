/** Facts about values that end by themselves: expiry, taking once, counters, leases. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Pair } from './engine.js';

const freshKey = () => `test/${randomUUID()}`;

export function expiringContract(pair: Pair): void {
  describe('expiring values', () => {
    it('prolongs a value that is there, and brings none back', async () => {
      const key = 'prolonged';
      await pair.one.putExpiring(key, Buffer.from('a'), 800);
      expect(await pair.other.prolongExpiring(key, 60_000)).toBe(true);
      await pair.one.putExpiring('sign', Buffer.from('b'), 900);
      await expect.poll(() => pair.one.getExpiring('sign')).toBeUndefined();
      expect(await pair.one.getExpiring(key)).toEqual(Buffer.from('a'));
      await pair.one.removeExpiring(key);
      expect(await pair.one.prolongExpiring(key, 60_000)).toBe(false);
      expect(await pair.other.getExpiring(key)).toBeUndefined();
    });

    it('are there until their end', async () => {
      const [long, short] = [freshKey(), freshKey()];
      await pair.one.putExpiring(long, Buffer.from('long'), 60_000);
      await pair.one.putExpiring(short, Buffer.from('short'), 40);
      await expect.poll(() => pair.other.getExpiring(short)).toBeUndefined();
      expect(await pair.one.takeExpiring(short)).toBeUndefined();
      expect(await pair.other.getExpiring(long)).toEqual(Buffer.from('long'));
    });

    it('are replaced with their end', async () => {
      const key = freshKey();
      await pair.one.putExpiring(key, Buffer.from('a'), 40);
      await pair.one.putExpiring(key, Buffer.from('b'), 60_000);
      const short = freshKey();
      await pair.one.putExpiring(short, Buffer.from('c'), 60);
      await expect.poll(() => pair.one.getExpiring(short)).toBeUndefined();
      expect(await pair.one.getExpiring(key)).toEqual(Buffer.from('b'));
    });

    it('are taken by exactly one of 100', async () => {
      const key = freshKey();
      await pair.one.putExpiring(key, Buffer.from('once'), 60_000);
      const taken = await Promise.all(
        Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? pair.one : pair.other).takeExpiring(key)),
      );
      expect(taken.filter((bytes) => bytes !== undefined)).toEqual([Buffer.from('once')]);
      expect(await pair.one.getExpiring(key)).toBeUndefined();
    });

    it('are exchanged for what is known, and for nothing else', async () => {
      const key = freshKey();
      const [first, second] = [Buffer.from('first'), Buffer.from('second')];
      const change = (known: Buffer | undefined, next: Buffer) => ({ known, next, ttlMs: 60_000 });
      expect(await pair.one.exchangeExpiring(key, change(first, second))).toBe(false);
      const creations = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? pair.one : pair.other).exchangeExpiring(key, change(undefined, first)),
      );
      expect((await Promise.all(creations)).filter(Boolean)).toHaveLength(1);
      expect(await pair.one.exchangeExpiring(key, change(second, second))).toBe(false);
      expect(await pair.other.exchangeExpiring(key, change(first, second))).toBe(true);
      expect(await pair.one.exchangeExpiring(key, change(first, second))).toBe(false);
      expect(await pair.one.getExpiring(key)).toEqual(second);
    });

    it('that have ended are nothing to be exchanged, and one that was exchanged ends at its own time', async () => {
      const key = freshKey();
      const [first, second] = [Buffer.from('first'), Buffer.from('second')];
      await pair.one.putExpiring(key, first, 40);
      const create = () => pair.other.exchangeExpiring(key, { known: undefined, next: second, ttlMs: 80 });
      await expect.poll(create, { interval: 10 }).toBe(true);
      await expect.poll(() => pair.one.getExpiring(key), { interval: 10 }).toBeUndefined();
    });

    it('are removed, also when there is none', async () => {
      const key = freshKey();
      await pair.one.putExpiring(key, Buffer.from('a'), 60_000);
      await pair.one.removeExpiring(key);
      await pair.one.removeExpiring(key);
      expect(await pair.one.getExpiring(key)).toBeUndefined();
    });
  });

  describe('counters', () => {
    it('count within the window that the first addition began: later ones do not prolong it (L9)', async () => {
      const key = `counter/${randomUUID()}`;
      expect((await pair.one.count(key, 60_000)).remainingMs).toBe(60_000);
      await expect.poll(async () => (await pair.other.count(key, 60_000)).remainingMs).toBeLessThan(60_000);
    });

    it('count every addition of all replicas within one window', async () => {
      const key = freshKey();
      const counts = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? pair.one : pair.other).count(key, 60_000)),
      );
      expect(counts.map((each) => each.count).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      for (const { remainingMs } of counts) {
        expect(remainingMs).toBeGreaterThan(50_000);
        expect(remainingMs).toBeLessThanOrEqual(60_000);
      }
    });

    it('start again after the window, which later additions do not prolong', async () => {
      const key = freshKey();
      expect((await pair.one.count(key, 80)).count).toBe(1);
      await expect.poll(async () => (await pair.one.count(key, 80)).count, { interval: 10 }).toBe(1);
    });

    it('are forgotten by removing the key', async () => {
      const key = freshKey();
      await pair.one.count(key, 60_000);
      await pair.one.removeExpiring(key);
      expect((await pair.one.count(key, 60_000)).count).toBe(1);
    });
  });

  describe('leases', () => {
    it("are one holder's at a time", async () => {
      const key = freshKey();
      const got = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? pair.one : pair.other).acquireLease(key, `${index}`, 60_000),
        ),
      );
      expect(got.filter(Boolean)).toHaveLength(1);
    });

    it('are renewed and released by their holder only', async () => {
      const key = freshKey();
      expect(await pair.one.acquireLease(key, 'a', 60_000)).toBe(true);
      expect(await pair.one.renewLease(key, 'b', 60_000)).toBe(false);
      expect(await pair.one.renewLease(key, 'a', 60_000)).toBe(true);
      await pair.one.releaseLease(key, 'b');
      expect(await pair.other.acquireLease(key, 'b', 60_000)).toBe(false);
      await pair.one.releaseLease(key, 'a');
      expect(await pair.other.acquireLease(key, 'b', 60_000)).toBe(true);
    });

    it('end by themselves and cannot be renewed then', async () => {
      const key = freshKey();
      await pair.one.acquireLease(key, 'a', 40);
      await expect.poll(() => pair.one.acquireLease(key, 'b', 60_000)).toBe(true);
      expect(await pair.one.renewLease(key, 'a', 60_000)).toBe(false);
    });
  });
}
