/** Processes that are told to end while Redis takes no commits: out in bounded time, and nothing is lost in silence (R7, F12). */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { refOf } from '../../src/core/connection.js';
import { StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { silentLog } from '../../src/core/log.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import { startService } from '../support/service-process.js';
import { ask, connect, makeDirectory, openBench, openProvider, openRedis } from './stage.js';

const endedMs = -10_000;
/** Ten seconds are the most that an end may take; the rest is for a busy machine. */
const boundMs = 25_000;

/** Users whose refresh tokens are spent, and a Redis that takes no writes from the moment of the answers. */
async function openRefusing() {
  const redis = await openRedis();
  const provider = await openProvider();
  const place = { redisUrl: redis.url, keyPrefix: 'ending' };
  const bench = await openBench(place, provider);
  const users = ['a', 'b', 'c'];
  for (const user of users) await connect(bench, provider, { user, leftMs: endedMs });
  return {
    redis,
    provider,
    place,
    bench,
    users,
    /** Asks for all, and resolves when no answer can be stored any more. */
    spend: async <T>(token: (user: string) => Promise<T>): Promise<readonly Promise<T>[]> => {
      const open = provider.hold();
      const asked = users.map(token);
      await eventually('the refresh tokens were sent', () => provider.seen.redemptions === users.length);
      await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
      open();
      return asked;
    },
    mend: () => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  };
}

it('R7: a manager that is closed while Redis refuses leaves, and says how many grants are lost', async () => {
  const { place, provider, users, spend } = await openRefusing();
  const errors: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => void errors.push(message) };
  const manager = await openManager({ ...managerOn(place, provider.entry), log });
  const asked = await spend((user) => ask({ manager }, user));
  await eventually('its commits are refused', () => errors.includes('a refreshed token set waits for the store'));
  const toldAt = performance.now();
  await expect(manager.close()).rejects.toThrow('3 grants are lost');
  expect(performance.now() - toldAt).toBeLessThan(boundMs);
  expect(await Promise.all(asked)).toEqual(users.map(() => 'store_unavailable'));
  expect(errors).toContain('refreshed token sets are lost: neither the store nor a spool took them');
  expect(provider.seen).toMatchObject({ redemptions: users.length, reuses: 0 });
}, 60_000);

it('R7: the intent of an answer that nobody took stands: whoever comes next knows that the token may be spent', async () => {
  const provider = await openProvider();
  const place = { dataDir: await makeDirectory() };
  const store = await openStore(managerOn(place, provider.entry));
  const manager = await openManager({ ...managerOn(place, provider.entry), store });
  await connect({ manager, clock: Date }, provider, { user: 'u', leftMs: endedMs });
  const [{ connection } = { connection: undefined }] = (await store.connections.list(parseOwner('u', undefined)))
    .connections;
  const { write } = store.connections;
  store.connections.write = async (owner, changes, finishes) => {
    if (finishes) throw new StoreUnavailable('full', 'no');
    return write.call(store.connections, owner, changes, finishes);
  };
  const asked = ask({ manager }, 'u');
  await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
  await expect(manager.close()).rejects.toThrow('1 grants are lost');
  expect(await asked).toBe('store_unavailable');
  const next = await openStore(managerOn(place, provider.entry));
  onTestFinished(() => next.close());
  if (connection === undefined) throw new TypeError('there is no connection');
  expect(await next.connections.findIntent(refOf(connection))).toMatchObject({ attempt: 1 });
}, 60_000);

it('F12: a manager that is closed right after a refresh has told of it, however slowly it is told', async () => {
  const redis = await openRedis();
  const provider = await openProvider();
  const place = { redisUrl: redis.url, keyPrefix: 'told' };
  const store = await openStore(managerOn(place, provider.entry));
  const [{ append: appendEvent }, { append: appendEntry }] = [store.events, store.audit];
  vi.spyOn(store.events, 'append').mockImplementation((...told) => sleep(600).then(() => appendEvent(...told)));
  vi.spyOn(store.audit, 'append').mockImplementation((...told) => sleep(300).then(() => appendEntry(...told)));
  const bench = await openBench(place, provider, { store });
  await connect(bench, provider, { user: 'u', leftMs: endedMs });
  expect(provider.honours(await ask(bench, 'u'))).toBe(true);
  await bench.manager.close();
  const { manager } = await openBench(place, provider);
  const events = await manager.events.read(defaultTenant, undefined, 100);
  expect(events.filter(({ event }) => 'change' in event && event.change === 'refreshed')).toHaveLength(1);
  const entries = await manager.audit.read(defaultTenant, undefined, 100);
  expect(entries.filter(({ entry }) => entry.act === 'refresh')).toHaveLength(1);
}, 60_000);

it('F12: a service that gets SIGTERM while Redis refuses leaves in time; what it held is stored from the spool', async () => {
  const { place, provider, bench, users, spend, mend } = await openRefusing();
  const spoolDir = join(await makeDirectory(), 'spool');
  const { redisUrl: REDIS_URL, keyPrefix: KEY_PREFIX } = place;
  const env = { REDIS_URL, KEY_PREFIX, SPOOL_DIR: spoolDir, REFRESH_AHEAD: 'false' };
  const service = await startService(env, provider.entry);
  const asked = await spend((user) => service.bot.token(user, 'rotating').catch(() => 'hung up'));
  service.kill('SIGTERM');
  const toldAt = performance.now();
  expect(await service.ended).toBe(0);
  expect(performance.now() - toldAt).toBeLessThan(boundMs);
  await Promise.all(asked);
  await mend();
  const next = await openBench({ ...place, spoolDir }, provider);
  for (const user of users) {
    await eventually('it is stored', async () => provider.honours(await ask(next, user)));
    expect(await ask(bench, user)).toBe(await ask(next, user));
  }
  expect(provider.seen).toMatchObject({ redemptions: users.length, reuses: 0 });
}, 90_000);
