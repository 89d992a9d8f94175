/** Upkeep beside a service at work, as an operator does it: rotating the key and moving to Redis, killed by -9 and resumed. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { openEngine } from '../../src/open-store.js';
import { countByKey } from '../../src/store/key-use.js';
import { Keyring } from '../../src/store/sealing.js';
import { runOperatorCommand } from '../support/operator-command.js';
import type { RotatingProvider } from '../support/rotating-provider.js';
import { makePlace, type Place, secrets } from '../support/service.js';
import { type ServiceProcess, startService } from '../support/service-process.js';
import { connect, openBench, openProvider, type StoreKind, storeKinds } from './stage.js';

const hourMs = 3_600_000;
/** Many more than a command does before it is killed. */
const idle = Array.from({ length: 300 }, (_, index) => `idle-${index}`);
const busy = Array.from({ length: 12 }, (_, index) => `busy-${index}`);
const users = [...idle, ...busy];

const k1 = secrets.encryptionKeys;
const k2 = `k2:${Buffer.alloc(32, 9).toString('base64')}`;

const rotationSchema = z.object({ resealed: z.number(), unopened: z.array(z.unknown()), retired: z.array(z.string()) });
const inventory = z.object({ owners: z.number(), fields: z.number(), documents: z.number(), digest: z.string() });
const migrationSchema = z.object({ source: inventory, target: inventory, equal: z.boolean(), finished: z.boolean() });

/** A store with all users, as a service left it that had only the first key. */
async function filled(kind: StoreKind) {
  const place = await makePlace(kind);
  const provider = await openProvider();
  const { REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix, DATA_DIR: dataDir } = place;
  const bench = await openBench({ redisUrl, keyPrefix, dataDir }, provider, { encryptionKeys: k1 });
  await Promise.all(users.map((user) => connect(bench, provider, { user, leftMs: hourMs })));
  await bench.manager.close();
  return { place: { ...place, REFRESH_AHEAD: 'false', RATE_LIMIT_PER_MINUTE: '0' }, provider };
}

/** Refreshes the busy users' tokens without end, at one replica after the other; `stop` answers their last ones. */
function keepRefreshing(first: ServiceProcess, ...others: readonly ServiceProcess[]) {
  const replicas = [first, ...others];
  let going = true;
  onTestFinished(() => {
    going = false;
  });
  const load = busy.map(async (user) => {
    let token = '';
    let refreshes = 0;
    for (let turn = 0; going; turn += 1) {
      const { bot } = replicas[turn % replicas.length] ?? first;
      const answer = token === '' ? await bot.token(user, 'rotating') : await bot.reject(user, 'rotating', token);
      if (answer.status !== 200) throw new Error(`${user}: ${answer.status} ${answer.body.code}`);
      if (token !== '') refreshes += 1;
      token = answer.body.access_token ?? '';
      await sleep(5);
    }
    return { user, token, refreshes };
  });
  const all = Promise.all(load);
  all.catch(() => undefined);
  return {
    stop: () => {
      going = false;
      return all;
    },
  };
}

/** Everybody has a token that the provider honours, and no refresh token was ever sent twice. */
async function nothingIsLost({ bot }: ServiceProcess, provider: RotatingProvider) {
  const answers = await Promise.all(users.map((user) => bot.token(user, 'rotating')));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(answers.filter(({ body }) => !provider.honours(body.access_token ?? ''))).toEqual([]);
  expect(provider.seen.reuses).toBe(0);
}

async function countKeys({ REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix, DATA_DIR: dataDir }: Place) {
  const encryptionKeys = `${k2},${k1}`;
  const engine = await openEngine({ encryptionKeys, redisUrl, keyPrefix, dataDir });
  const keys = await countByKey(engine, Keyring.parse(encryptionKeys)).finally(() => engine.close());
  return { k1: keys.find(({ id }) => id === 'k1'), k2: keys.find(({ id }) => id === 'k2') };
}

it.each(storeKinds)(
  'keys rotate on the %s store, killed and resumed while tokens are refreshed, loses nothing (S5)',
  async (kind) => {
    const { place, provider } = await filled(kind);
    const both = { ENCRYPTION_KEYS: `${k2},${k1}` };
    // One was not restarted yet, and goes on writing under the old key.
    const [later, service] = await Promise.all([
      startService({ ...place, ENCRYPTION_KEYS: `${k1},${k2}` }, provider.entry),
      startService({ ...place, ...both }, provider.entry),
    ]);
    const load = keepRefreshing(later, service);
    const killed = await runOperatorCommand('keys rotate', place, { variables: both, killed: true });
    expect(killed.signal).toBe('SIGKILL');
    const between = await countKeys(place);
    expect(between.k1?.records.connection).toBeGreaterThan(0);
    // Of some at least it was the command: no token of theirs is refreshed.
    expect(between.k2?.records.connection).toBeGreaterThan(busy.length);

    const resumed = await runOperatorCommand('keys rotate --json', place, { variables: both });
    expect(resumed.code).toBe(0);
    expect(rotationSchema.parse(resumed.json())).toMatchObject({ unopened: [], retired: [] });
    const last = await load.stop();
    later.kill('SIGTERM');
    expect(await later.ended).toBe(0);
    expect((await runOperatorCommand('keys rotate', place, { variables: both })).code).toBe(0);
    const refreshes = last.reduce((sum, each) => sum + each.refreshes, 0);
    expect(refreshes).toBeGreaterThan(busy.length);
    expect(provider.seen.redemptions).toBe(refreshes);
    await nothingIsLost(service, provider);

    // What ends by itself stays under the old key, and keeps it needed until then.
    const after = await countKeys(place);
    expect(after.k1?.records).toMatchObject({ connection: 0, grant: 0, document: 0 });
    expect(after.k2?.records.connection).toBe(users.length);
    expect(after.k1?.registered).toBe(true);
    expect((after.k1?.records.event ?? 0) + (after.k1?.records.audit ?? 0)).toBeGreaterThan(0);
    const refused = await runOperatorCommand('api-keys list', place, { variables: { ENCRYPTION_KEYS: k2 } });
    expect(refused).toMatchObject({ code: 78, err: expect.stringContaining('k1') });
  },
  120_000,
);

it.each(storeKinds)(
  'keys forget on the %s store, killed and resumed, gives up what a lost key has sealed and nothing else (S5)',
  async (kind) => {
    const { place, provider } = await filled(kind);
    const service = await startService({ ...place, ENCRYPTION_KEYS: `${k2},${k1}` }, provider.entry);
    const tokens = await Promise.all(busy.map(async (user) => (await service.bot.token(user, 'rotating')).body));
    // Each is refreshed, and so sealed under the new key.
    await Promise.all(busy.map((user, at) => service.bot.reject(user, 'rotating', tokens[at]?.access_token ?? '')));
    const lost = { variables: { ENCRYPTION_KEYS: k2 } };
    if (kind === 'embedded') {
      const early = await runOperatorCommand('keys forget k1 --yes', place, lost);
      expect(early).toMatchObject({ code: 1, err: expect.stringContaining('stop the service') });
    }
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);

    expect((await runOperatorCommand('keys forget k1 --yes', place, { ...lost, killed: true })).signal).toBe('SIGKILL');
    expect((await runOperatorCommand('api-keys list', place, lost)).code).toBe(78);
    expect((await countKeys(place)).k1?.records.connection).toBeLessThan(idle.length);
    const resumed = await runOperatorCommand('keys forget k1 --yes --json', place, lost);
    expect(resumed.json()).toMatchObject({ forgotten: ['k1'] });
    expect((await runOperatorCommand('keys verify', place, lost)).code).toBe(0);

    const after = await startService({ ...place, ...lost.variables }, provider.entry);
    const statuses = async (some: readonly string[]) =>
      new Set((await Promise.all(some.map((user) => after.bot.token(user, 'rotating')))).map(({ status }) => status));
    expect([await statuses(busy), await statuses(idle)]).toEqual([new Set([200]), new Set([409])]);
    expect(provider.seen.reuses).toBe(0);
  },
  120_000,
);

it('migrate, killed and resumed while tokens are refreshed, ends with two equal stores and loses nothing', async () => {
  const { place, provider } = await filled('embedded');
  const target = await makePlace('redis');
  const service = await startService(place, provider.entry);
  const load = keepRefreshing(service);
  const line = `migrate --to ${target.REDIS_URL} --to-prefix ${target.KEY_PREFIX} --json`;
  expect((await runOperatorCommand(line, place, { killed: true })).signal).toBe('SIGKILL');
  const online = migrationSchema.parse((await runOperatorCommand(line, place)).json());
  expect(online.source.owners).toBe(users.length);
  expect(online.target.owners).toBe(users.length);
  const last = await load.stop();
  const early = await runOperatorCommand(`${line} --finish`, place);
  expect(early).toMatchObject({ code: 1, err: expect.stringContaining('stop the service') });
  service.kill('SIGTERM');
  expect(await service.ended).toBe(0);

  const final = await runOperatorCommand(`${line} --finish`, place);
  const migration = migrationSchema.parse(final.json());
  expect(migration).toMatchObject({ equal: true, finished: true });
  expect(migration.target).toEqual(migration.source);
  const moved = await startService({ ...place, ...target }, provider.entry);
  for (const { user, token } of last) {
    expect((await moved.bot.token(user, 'rotating')).body.access_token).toBe(token);
    expect((await moved.bot.reject(user, 'rotating', token)).status).toBe(200);
  }
  await nothingIsLost(moved, provider);
}, 120_000);
