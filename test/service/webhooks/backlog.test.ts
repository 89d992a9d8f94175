/** Counting what waits for the receiver takes longer with every tenant; a scrape must not pay for that each time. */

import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { tenantIdSchema } from '../../../src/core/identifiers.js';
import { openStore } from '../../../src/open-store.js';
import { countBacklog, withRests } from '../../../src/service/webhooks/backlog.js';
import { makePlace, secrets } from '../../support/service.js';
import { happened } from './samples.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

it('is done for all who ask meanwhile, and again after a rest of 19 times as long', async () => {
  let finish = (_: number) => {};
  const count = vi.fn(() => new Promise<number>((resolve) => (finish = resolve)));
  const ask = withRests(count);
  const asked = [ask(), ask()];
  vi.advanceTimersByTime(5_000);
  asked.push(ask());
  finish(3);
  expect(await Promise.all(asked)).toEqual([3, 3, 3]);
  vi.advanceTimersByTime(94_000);
  expect([await ask(), count.mock.calls.length]).toEqual([3, 1]);
  vi.advanceTimersByTime(2_000);
  const again = ask();
  finish(4);
  expect([await again, count.mock.calls.length]).toEqual([4, 2]);
});

it('is done again at once where it has failed', async () => {
  const count = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(1);
  const ask = withRests(count);
  await expect(ask()).rejects.toThrow('away');
  expect(await ask()).toBe(1);
});

it('counts each of many tenants once', async () => {
  vi.useRealTimers();
  const { DATA_DIR: dataDir = '' } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir });
  onTestFinished(() => store.close());
  for (let index = 0; index < 70; index += 1) {
    await store.events.append(tenantIdSchema.parse(`t${index}`), happened('ada'));
  }
  expect(await countBacklog(store)).toBe(70);
});
