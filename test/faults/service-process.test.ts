/** The service as a process: told to end under load, left by its callers, held by clients that say nothing (F12, F16, R20). */

import { connect as openSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/redis.js';
import { makePlace } from '../support/service.js';
import { isReady, startService } from '../support/service-process.js';
import { ask, connect, openBench, openProvider, type StoreKind, storeKinds } from './stage.js';
import { strength } from './strength.js';

const hourMs = 3_600_000;
const endedMs = -10_000;

/** A service, and a manager in this process on the same store. */
async function openServed(kind: StoreKind) {
  const place = await makePlace(kind);
  const provider = await openProvider();
  const { REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix, DATA_DIR: dataDir } = place;
  const bench = await openBench({ redisUrl, keyPrefix, dataDir }, provider);
  return { provider, bench, service: await startService({ REFRESH_AHEAD: 'false', ...place }, provider.entry) };
}

it.each(storeKinds)(
  'F12: SIGTERM under load on the %s store: not ready, no new refresh, running ones stored, and out',
  async (kind) => {
    const { provider, bench, service } = await openServed(kind);
    const running = Array.from({ length: 10 }, (_, index) => `running-${index}`);
    for (const user of [...running, 'later']) await connect(bench, provider, { user, leftMs: endedMs });
    await connect(bench, provider, { user: 'live', leftMs: hourMs });
    const load = keepReading(() => service.bot.token('live', 'rotating'));
    const open = provider.hold();
    const asked = running.map((user) => service.bot.token(user, 'rotating'));
    await eventually('the refresh tokens were sent', () => provider.seen.redemptions === running.length);

    service.kill('SIGTERM');
    const toldAt = performance.now();
    await eventually('it is not ready', async () => !(await isReady(service.address)));
    const later = await service.bot.token('later', 'rotating').then(
      ({ status }) => status,
      () => 'refused',
    );
    expect(['refused', 503]).toContain(later);
    open();
    const tokens = (await Promise.all(asked)).map(({ status, body }) => (status === 200 ? body.access_token : status));
    expect(await service.ended).toBe(0);
    // Ten seconds are the most it may take; the rest is for a busy machine.
    expect(performance.now() - toldAt).toBeLessThan(20_000);
    await load.stop();

    for (const [index, user] of running.entries()) expect(await ask(bench, user)).toBe(tokens[index]);
    expect(provider.seen).toMatchObject({ redemptions: running.length, reuses: 0 });
  },
  60_000,
);

it('R20: a client that hangs up in the middle of a refresh ends nothing: the answer is stored', async () => {
  const { provider, bench, service } = await openServed('embedded');
  await connect(bench, provider, { user: 'u', leftMs: endedMs });
  const open = provider.hold();
  const leaving = new AbortController();
  const asked = fetch(`${service.address}/v1/users/u/tokens/rotating`, {
    headers: service.bot.headers,
    signal: leaving.signal,
  });
  await Promise.all([sleep(50), eventually('the refresh token was sent', () => provider.seen.redemptions === 1)]);
  leaving.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  open();
  await eventually('it is stored', async () => {
    const [summary] = await bench.manager.listUserConnections('u');
    return (summary?.expiresAt ?? 0) > Date.now();
  });
  expect(provider.honours(await ask(bench, 'u'))).toBe(true);
  expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
}, 60_000);

it('F16: clients that connect and say nothing hold up nobody, cost little, and are let go', async () => {
  const { service } = await openServed('embedded');
  expect((await service.bot.connections('u')).status).toBe(200);
  const before = await service.memory();
  const sockets = openSockets(service.port, strength.idleClients);
  await eventually('they are connected', () => sockets.every(({ readyState }) => readyState === 'open'), 60_000);
  const slow = sockets.slice(0, strength.idleClients / 2);
  for (const socket of slow) socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  for (let asked = 0; asked < 20; asked += 1) expect((await service.bot.connections('u')).status).toBe(200);
  // About 10 kB each, beside what the requests themselves have left to be collected.
  expect((await service.memory()) - before).toBeLessThan(64 * 2 ** 20 + sockets.length * 32 * 2 ** 10);
  if (!strength.waitsForTimeouts) return;
  await eventually('the slow ones are let go', () => slow.every(({ destroyed }) => destroyed), 90_000);
  expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeGreaterThan(0);
}, 240_000);

function openSockets(port: number, count: number): readonly Socket[] {
  const sockets = Array.from({ length: count }, () =>
    openSocket(port, '127.0.0.1')
      .on('error', () => undefined)
      .resume(),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

/** Reads all the time until it is told to stop, whatever the answers. */
function keepReading(read: () => Promise<unknown>): { stop(): Promise<void> } {
  let running = true;
  const loop = async () => {
    while (running) await Promise.all([read().catch(() => undefined), sleep(5)]);
  };
  const loops = [loop(), loop()];
  return {
    stop: async () => {
      running = false;
      await Promise.all(loops);
    },
  };
}
