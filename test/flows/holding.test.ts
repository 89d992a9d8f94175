/** What only one process may do at a time: others wait for their turn, and not for ever. */

import { expect, it } from 'vitest';
import { holding } from '../../src/flows/holding.js';
import { openBrowserHalf } from './browser-half.js';

/** Something that another process holds for a minute. */
async function openHeld() {
  const { store, clock } = await openBrowserHalf();
  const name = 'it';
  await store.leases.acquire(name, 'another', 60_000);
  const looks: number[] = [];
  const acquire = store.leases.acquire.bind(store.leases);
  store.leases.acquire = (...asked) => {
    looks.push(clock.now());
    return acquire(...asked);
  };
  const looksMore = () => {
    const before = looks.length;
    return expect.poll(() => looks.length).toBeGreaterThan(before + 1);
  };
  const work = () => holding({ store, now: clock.now }, { name, busy: () => new Error('busy') }, async () => 'done');
  return { store, clock, name, looksMore, work };
}

it('waits until the other lets go, and lets go itself', async () => {
  const { store, name, looksMore, work } = await openHeld();
  const working = work();
  await looksMore();
  await store.leases.release(name, 'another');
  expect(await working).toBe('done');
  expect(await work()).toBe('done');
});

it('is told that it is busy after ten seconds, and not before', async () => {
  const { clock, looksMore, work } = await openHeld();
  const working = work().catch((error: Error) => error.message);
  await looksMore();
  clock.advance(9_999);
  await looksMore();
  clock.advance(1);
  expect(await working).toBe('busy');
});
