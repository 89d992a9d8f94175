/** Who ends waits for each call that was begun, and for no other. */

import { expect, test } from 'vitest';
import { UnderWay } from '../../src/flows/under-way.js';

async function isOver(ended: Promise<void>): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return Promise.race([ended.then(() => true), later]);
}

test('what has no answer yet is waited for to the last', async () => {
  const calls = new UnderWay();
  calls.begin();
  calls.begin();
  const ended = calls.ended();
  expect(await isOver(ended)).toBe(false);
  calls.end();
  expect(await isOver(ended)).toBe(false);
  calls.end();
  expect(await isOver(ended)).toBe(true);
});

test('nobody waits where nothing was begun, or all has ended', async () => {
  const calls = new UnderWay();
  expect(await isOver(calls.ended())).toBe(true);
  calls.begin();
  calls.end();
  expect(await isOver(calls.ended())).toBe(true);
});
