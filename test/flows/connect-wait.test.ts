/** Whoever waits for a connect is answered: when it moves, when it expires, when the time is over. */

import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { openBrowserHalf, user } from './browser-half.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const late = () => sleep(5_000, 'no answer', { ref: false });

it('when the time is over, although garbage is collected meanwhile', async () => {
  const { manager } = await openBrowserHalf();
  const { connectId } = await manager.startConnect(user, 'one');
  const asked = manager.findConnect(connectId, { waitMs: 300, signal: new AbortController().signal });
  for (let times = 0; times < 5; times += 1) {
    await sleep(20);
    collectGarbage();
  }
  expect(await Promise.race([asked, late()])).toMatchObject({ status: 'pending' });
});

it('when the link expires', async () => {
  const { manager } = await openBrowserHalf({}, { now: Date.now, linkCodeTtlSeconds: 1 });
  const { connectId } = await manager.startConnect(user, 'one');
  const asked = manager.findConnect(connectId, { waitMs: 30_000 });
  expect(await Promise.race([asked, late()])).toMatchObject({ status: 'expired' });
});

it('at once, when the caller has left before', async () => {
  const { manager } = await openBrowserHalf();
  const { connectId } = await manager.startConnect(user, 'one');
  const asked = manager.findConnect(connectId, { waitMs: 30_000, signal: AbortSignal.abort() });
  expect(await Promise.race([asked, late()])).toMatchObject({ status: 'pending' });
});
