/** Who is counted with whom, and what a process may count by itself; the limits of a whole service are in journeys. */

import fastify from 'fastify';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRateLimits } from '../../routes/rate-limit.js';
import type { Store } from '../../src/core/store.js';
import { openStore } from '../../src/open-store.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { makePlace, secrets } from '../support/service.js';

let clock: ManualClock;
let store: Store;

beforeEach(async () => {
  clock = createManualClock();
  const { DATA_DIR } = await makePlace('embedded');
  store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir: DATA_DIR, now: clock.now });
});
afterEach(() => store.close());

/** A page and an API with the same limit; answers the status, and what is left. */
function open(limit: number) {
  const options = { counters: store.counters, perCaller: limit, perBrowserAddress: limit };
  const limits = createRateLimits(options, async () => undefined);
  const app = fastify();
  app.setErrorHandler((_error, _request, reply) => reply.code(429).send());
  app.get('/page', async (request, reply) => limits.browser(request, reply));
  app.get('/api', async (request, reply) => limits.caller(request, reply, 'somebody'));
  return async (url: '/page' | '/api', remoteAddress = '192.0.2.1') => {
    const { statusCode, headers } = await app.inject({ url, remoteAddress });
    return [statusCode, Number(headers['ratelimit-remaining'])];
  };
}

it('counts the addresses of one household as one: a /64 of IPv6, and IPv4 however it is written', async () => {
  const ask = open(2);
  const left = async (address: string) => (await ask('/page', address))[1];
  expect(await left('2001:db8:1:2::1')).toBe(1);
  expect(await left('2001:db8:1:2:ffff::9')).toBe(0);
  expect(await left('2001:db8:1:3::1')).toBe(1);
  expect(await left('192.0.2.7')).toBe(1);
  expect(await left('::ffff:192.0.2.7')).toBe(0);
  expect(await left('192.0.2.8')).toBe(1);
});

it('lets nobody beyond a limit that is no multiple of what a process counts at once', async () => {
  const ask = open(301);
  const answers = [];
  for (let asked = 0; asked < 310; asked += 1) answers.push((await ask('/api'))[0]);
  expect(answers.filter((status) => status === 200)).toHaveLength(301);
});

it('counts nothing of one minute against the next', async () => {
  const steady = vi.spyOn(performance, 'now');
  try {
    const begun = performance.now();
    steady.mockImplementation(() => begun);
    const ask = open(300);
    expect([await ask('/api'), await ask('/api')]).toEqual([
      [200, 299],
      [200, 298],
    ]);
    clock.advance(60_000);
    steady.mockImplementation(() => begun + 60_000);
    expect(await ask('/api')).toEqual([200, 299]);
  } finally {
    steady.mockRestore();
  }
});
