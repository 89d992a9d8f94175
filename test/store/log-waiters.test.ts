/** Waiting for logs costs a process no more, however many logs are waited for: webhooks wait for every tenant there ever was. */

import { setMaxListeners } from 'node:events';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { logWaiters } from '../../src/store/embedded/log-waiters.js';
import { createLogWaiters } from '../../src/store/redis/log-waiters.js';

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** Waiters of either store on a log that somebody else appends to; `looks` counts how often the store was asked. */
function openWaiters(kind: 'embedded' | 'redis') {
  const appended = new Set<string>();
  let looks = 0;
  const has = async (log: string) => {
    looks += 1;
    return appended.has(log);
  };
  const newest = async (log: string) => ((await has(log)) ? '1' : '0');
  const waiters = kind === 'redis' ? createLogWaiters(newest, (id, other) => id > other) : logWaiters(has);
  const leave = new AbortController();
  setMaxListeners(0, leave.signal);
  onTestFinished(() => leave.abort());
  const woken: string[] = [];
  const wait = (log: string) => void waiters.wait(log, '0', leave.signal).then(() => woken.push(log));
  return { appended, woken, wait, looks: () => looks };
}

it.each(['embedded', 'redis'] as const)('%s: few logs are looked at ten times a second', async (kind) => {
  const { appended, woken, wait, looks } = openWaiters(kind);
  for (let index = 0; index < 10; index += 1) wait(`log-${index}`);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(looks()).toBeGreaterThanOrEqual(10 * 19);
  appended.add('log-9');
  await vi.advanceTimersByTimeAsync(100);
  expect(woken).toEqual(['log-9']);
});

it.each(['embedded', 'redis'] as const)('%s: many are not looked at more often, and each in its turn', async (kind) => {
  const { appended, woken, wait, looks } = openWaiters(kind);
  for (let index = 0; index < 800; index += 1) wait(`log-${index}`);
  await vi.advanceTimersByTimeAsync(500);
  expect(looks()).toBeLessThan(800 + 2_200);
  appended.add('log-799').add('log-0');
  await vi.advanceTimersByTimeAsync(250);
  expect(woken.sort()).toEqual(['log-0', 'log-799']);
});
