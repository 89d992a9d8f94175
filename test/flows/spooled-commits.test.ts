/** What an earlier process left in its spool: stored at the start, each for itself, without holding anybody up. */

import { copyFile, mkdtemp, readdir, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { StoredConnection } from '../../src/core/connection.js';
import { defaultAccount, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import { openSpool } from '../../src/store/spool.js';
import { keyring } from '../store/samples.js';
import { openBrowserHalf } from './browser-half.js';

type Options = NonNullable<Parameters<typeof openBrowserHalf>[1]>;

const [ada, eve] = ['chat:ada', 'chat:eve'];
const hourMs = 3_600_000;

/** Two people are connected at `one`; their last refreshes lie in the spool of a process that is gone. */
async function openSpooled() {
  const half = await openBrowserHalf();
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-spooled-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const spool = await openSpool(directory, keyring('k1'));
  for (const user of [ada, eve]) {
    await half.manager.storeToken(user, { provider: 'one', accessToken: `at-${user}`, refreshToken: `rt-${user}` });
    const at = half.clock.now();
    const tokens = { accessToken: new Secret(`new-${user}`), refreshToken: new Secret(`next-${user}`) };
    const answer = { ...tokens, tokenType: 'Bearer', obtainedAt: at, expiresAt: at + hourMs, scope: [] };
    await spool.keep({ sent: await storedOf(user), answer });
  }

  async function storedOf(user: string): Promise<StoredConnection> {
    const owner = { tenant: defaultTenant, userId: userIdSchema.parse(user) };
    const place = { owner, provider: providerIdSchema.parse('one'), account: defaultAccount };
    const stored = await half.store.connections.find(place);
    if (stored === undefined) throw new Error('the connection is not there');
    return stored;
  }

  /** The next process, on the same store and spool. */
  const logged: object[] = [];
  const note = (level: string) => (fields: object, message: string) => void logged.push({ level, message, ...fields });
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const start = (more: Options = {}) =>
    openBrowserHalf({}, { store: { ...half.store, spool }, now: half.clock.now, log, ...more });
  const left = async () => (await spool.list()).map(({ sent }) => sent.connection.userId).sort();
  /** A start waits for it a second or two, and then goes on. */
  const isDone = (users: readonly string[]) => expect.poll(left, { timeout: 10_000 }).toEqual(users);
  const tokenOf = async (user: string) => (await half.manager.requireToken(user, 'one')).accessToken.reveal();
  return { ...half, directory, start, left, isDone, tokenOf, storedOf, logged };
}

const notStored = { level: 'error', message: 'a spooled token set was not stored', provider: 'one' };

it('is stored and told, then it is gone, and there is nothing to be said at the next start', async () => {
  const { start, isDone, tokenOf, storedOf, logged, events } = await openSpooled();
  await start();
  await isDone([]);
  for (const user of [ada, eve]) {
    expect(await tokenOf(user)).toBe(`new-${user}`);
    expect((await storedOf(user)).connection.tokenSet.refreshToken?.reveal()).toBe(`next-${user}`);
  }
  const told = (await events()).filter((event) => 'change' in event && event.change === 'refreshed');
  expect(told.map(({ userId }) => userId).sort()).toEqual([ada, eve]);
  expect(logged).toMatchObject([{ level: 'warn', count: 2, message: expect.stringContaining('earlier process') }]);
  await start();
  expect(logged).toHaveLength(1);
});

it('that another process has stored while the directory was read holds up no other', async () => {
  const { directory, start, isDone } = await openSpooled();
  // As a name whose file has just gone.
  await symlink(join(directory, 'gone'), join(directory, '0-stored-meanwhile.commit'));
  await start();
  await isDone([]);
});

it('waits for its provider to be configured again', async () => {
  const { start, left, isDone, tokenOf, logged } = await openSpooled();
  await start({ providers: {} });
  expect(await left()).toEqual([ada, eve]);
  expect(logged).toHaveLength(1);
  await start();
  await isDone([]);
  expect(await tokenOf(ada)).toBe(`new-${ada}`);
});

it('that cannot be stored stays, by name of the fault alone, and hinders neither the others nor the start', async () => {
  const { store, start, isDone, tokenOf, logged } = await openSpooled();
  const write = store.connections.write.bind(store.connections);
  vi.spyOn(store.connections, 'write').mockImplementation((owner, ...rest) =>
    owner.userId === ada ? Promise.reject(new RangeError('CANARY')) : write(owner, ...rest),
  );
  await start();
  await isDone([ada]);
  await expect.poll(() => logged, { timeout: 10_000 }).toContainEqual({ ...notStored, failure: 'RangeError' });
  expect(await tokenOf(eve)).toBe(`new-${eve}`);
  expect(JSON.stringify(logged)).not.toContain('CANARY');
});

it('of somebody who has disconnected meanwhile is revoked, not stored', async () => {
  const { manager, start, isDone } = await openSpooled();
  await manager.deleteToken(ada, 'one');
  const next = await start();
  await isDone([]);
  expect(next.server.requestsTo('/revoke').map(({ form }) => form.get('token'))).toContain(`next-${ada}`);
  expect(await manager.hasToken(ada, 'one')).toBe(false);
});

it('is not what a process died over while it was written: that goes an hour later', async () => {
  const { directory, start, isDone } = await openSpooled();
  const [name = ''] = await readdir(directory);
  const [old, young] = ['000000000000', '0123456789ab'].map((draft) => join(directory, `${name}.${draft}`));
  for (const draft of [old, young]) await copyFile(join(directory, name), draft ?? '');
  const before = new Date(Date.now() - 2 * hourMs);
  await utimes(old ?? '', before, before);
  await start();
  await isDone([]);
  expect(await readdir(directory)).toEqual([`${name}.0123456789ab`]);
});
