/** The behaviour suite of `StorageEngine`: the same facts for every engine. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StorageEngine } from '../../../src/store/engine.js';
import { claimContract } from './claims.js';
import { documentContract, logContract } from './collections.js';
import { dueContract } from './due-index.js';
import { expiringContract } from './expiring.js';
import { fieldContract } from './fields.js';
import { exchangeContract, sealedWalkContract, walkContract } from './walks.js';

/**
 * Opens an engine. Engines that are opened with the same prefix (or none) share one set of stored things, as two
 * replicas do; another prefix is another world. The suite closes what it opens.
 */
export type OpenEngine = (options?: { keyPrefix?: string }) => Promise<StorageEngine>;

/** Two engines over the same stored things, as two replicas have them. */
export interface Pair {
  readonly one: StorageEngine;
  readonly other: StorageEngine;
}

/** Runs every fact about an engine. @param name shown in test titles. */
export function engineContract(name: string, open: OpenEngine): void {
  describe(`${name} engine`, () => {
    let one: StorageEngine;
    let other: StorageEngine;
    const pair: Pair = {
      get one() {
        return one;
      },
      get other() {
        return other;
      },
    };
    beforeAll(async () => {
      one = await open();
      other = await open();
    });
    afterAll(async () => {
      await one.close();
      await other.close();
    });

    fieldContract(pair);
    claimContract(pair);
    expiringContract(pair);
    dueContract(open);
    logContract(pair);
    documentContract(pair);
    exchangeContract(pair);
    walkContract(open);
    sealedWalkContract(open);
    lifeContract(open);
  });
}

function lifeContract(open: OpenEngine): void {
  describe('life', () => {
    it('keeps prefixes apart', async () => {
      const here = await open({ keyPrefix: 'here' });
      const there = await open({ keyPrefix: 'there' });
      await here.putDocument('things', 'a', Buffer.from('1'));
      expect(await there.getDocument('things', 'a')).toBeUndefined();
      expect(await here.getDocument('things', 'a')).toEqual(Buffer.from('1'));
      await here.close();
      await there.close();
    });

    it('tells the time in epoch ms', async () => {
      const engine = await open();
      expect(Math.abs((await engine.now()) - Date.now())).toBeLessThan(5_000);
      await engine.close();
    });

    it('answers a check with a latency', async () => {
      const engine = await open();
      const health = await engine.check();
      expect(health.latencyMs).toBeGreaterThanOrEqual(0);
      expect(Array.isArray(health.warnings)).toBe(true);
      await engine.close();
    });

    it('is unavailable after close, not empty', async () => {
      const engine = await open();
      await engine.close();
      await expect(engine.getDocument('things', 'a')).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(engine.putDocument('things', 'a', Buffer.from('1'))).rejects.toMatchObject({
        code: 'store_unavailable',
      });
    });

    it('may be closed twice', async () => {
      const engine = await open();
      await engine.close();
      await expect(engine.close()).resolves.toBeUndefined();
    });
  });
}
