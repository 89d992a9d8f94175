/** A store that is new, or was emptied under a service that runs: the log says so, since everybody is not connected. */

import { expect, it, onTestFinished } from 'vitest';
import { openStore, type StoreOptions } from '../../src/open-store.js';
import { makeDataDir } from '../service/running.js';
import { startRedis } from '../support/redis.js';
import { keyEntry } from './samples.js';

const encryptionKeys = keyEntry('k1');
const emptied = 'the store is new or was emptied: nobody is connected in it';

/** What a service that opens this store has logged of it until now. */
async function openLogged(options: Omit<StoreOptions, 'encryptionKeys'>) {
  const logged: [level: string, message: string][] = [];
  const at = (level: string) => (_: object, message: string) => void logged.push([level, message]);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const store = await openStore({ encryptionKeys, ...options }, log);
  onTestFinished(() => store.close());
  return { store, ofEmptiness: () => logged.filter(([, message]) => message === emptied).map(([level]) => level) };
}

it('is told of at a first start, and at no other', async () => {
  const { path: dataDir, remove } = makeDataDir();
  onTestFinished(remove);
  const first = await openLogged({ dataDir });
  await first.store.check();
  expect(first.ofEmptiness()).toEqual(['info']);
  expect((await openLogged({ dataDir })).ofEmptiness()).toEqual([]);
});

it('is warned of when it was emptied under a service that runs', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const service = await openLogged({ redisUrl: redis.url });
  await redis.command('FLUSHALL');
  await service.store.check();
  await service.store.check();
  expect(service.ofEmptiness()).toEqual(['info', 'warn']);
});
