/** Failovers that lose the latest writes, for processes that have nothing to put back, and for connections that were new (R9). */

import { expect, it, onTestFinished } from 'vitest';
import { managerOn } from '../support/fault-nodes.js';
import { eventually, type RedisProcess } from '../support/redis.js';
import { startCluster } from '../support/redis-topologies.js';
import { openPair } from './redis-pair.js';
import { ask, type Bench, connect, openBench, openNode, openProvider, type Place } from './stage.js';

const endedMs = -10_000;
const hourMs = 3_600_000;

it('R9: a process that starts after the failover does not spend what another one has refreshed and still holds', async () => {
  const pair = await openPair();
  const provider = await openProvider();
  const options = managerOn({ redisUrl: pair.url, keyPrefix: 'new' }, provider.entry);
  const survivor = await openNode({ options });
  const expiresAt = Math.floor((Date.now() + endedMs) / 1000);
  for (const user of ['before', 'u']) await survivor.ask('store', { user, ...provider.grant(), expiresAt });
  // Whoever has refreshed knows its master, and so does the store.
  await survivor.ask('token', { user: 'before' });
  await pair.part();
  const { token } = await survivor.ask('token', { user: 'u' });
  expect(provider.honours(token ?? '')).toBe(true);
  survivor.freeze();
  await pair.failOver();
  const newcomer = await openNode({ options });
  const asked = newcomer.ask('token', { user: 'u' });
  survivor.thaw();
  expect([token, undefined]).toContain((await asked).token);
  await eventually('it has what was put back', async () => {
    return (await newcomer.ask('token', { user: 'u' })).token === token;
  });
  expect(provider.seen).toMatchObject({ redemptions: 2, reuses: 0 });
}, 60_000);

it('R9: gets a new connection back, with its place among those that are looked after', async () => {
  const pair = await openPair();
  const provider = await openProvider();
  const place: Place = { redisUrl: pair.url, keyPrefix: 'first' };
  const bench = await openBench(place, provider);
  await connect(bench, provider, { user: 'before', leftMs: hourMs });
  await pair.part();
  const { accessToken } = await connect(bench, provider, { user: 'u', leftMs: hourMs });
  await connect(bench, provider, { user: 'refreshed', leftMs: endedMs });
  const refreshed = await ask(bench, 'refreshed');
  await pair.failOver();
  await eventually('they are put back', () => bench.manager.figures().commitsRestored === 2);
  const other = await openBench(place, provider);
  expect(await ask(other, 'u')).toBe(accessToken);
  expect(await ask(other, 'refreshed')).toBe(refreshed);
  expect(await dueCount(pair.replica, 'first')).toBe(3);
  expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
}, 60_000);

it('R9: brings back no new connection that another process has disconnected, whether that was lost or not', async () => {
  const pair = await openPair();
  const provider = await openProvider();
  const place: Place = { redisUrl: pair.url, keyPrefix: 'gone' };
  const [bench, other] = [await openBench(place, provider), await openBench(place, provider)];
  const come = (...users: string[]) =>
    Promise.all(users.map((user) => connect(bench, provider, { user, leftMs: hourMs })));
  const go = ({ manager }: Bench, disconnected: string, erased: string) =>
    Promise.all([manager.deleteToken(disconnected, 'rotating'), manager.eraseUser(erased)]);
  for (const user of ['w', 'x', 'y']) await connect(bench, provider, { user, leftMs: endedMs });
  await ask(bench, 'w');
  await come('a', 'b');
  await go(other, 'a', 'b');
  await pair.part();
  await come('c', 'd', 'e');
  await go(other, 'c', 'd');
  await pair.failOver();
  // Who refreshes has put back what it held, and waited for the others.
  for (const [each, user] of [[bench, 'x'] as const, [other, 'y'] as const]) {
    await eventually('it refreshes again', async () => provider.honours(await ask(each, user)));
  }
  expect(await Promise.all(['a', 'b', 'c', 'd'].map((user) => ask(bench, user)))).toEqual(Array(4).fill('none'));
  expect(await ask(other, 'e')).toMatch(/^at-/);
}, 60_000);

it('R9: nobody who asks all through such a failover of a Cluster has a refresh token sent twice', async () => {
  const topology = await startCluster({ replicas: true });
  onTestFinished(() => topology.stop());
  const [master, , , heir] = topology.nodes;
  if (master === undefined || heir === undefined) throw new Error('the Cluster has no replica');
  const provider = await openProvider();
  const place: Place = { redisUrl: topology.url, keyPrefix: 'all' };
  const [bench, idle] = [await openBench(place, provider), await openBench(place, provider)];
  const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
  for (const user of ['before', ...users]) await connect(bench, provider, { user, leftMs: endedMs });
  await ask(bench, 'before');
  await part(heir);
  const tokens = await Promise.all(users.map((user) => ask(bench, user)));
  await master.kill9();
  let answers: readonly string[] = [];
  const areAnswered = async () => {
    answers = await Promise.all(users.map((user) => ask(idle, user)));
    return answers.every((answer) => answer.startsWith('at-'));
  };
  await eventually('all are answered', areAnswered, 60_000);
  expect(answers).toEqual(tokens);
  expect(bench.manager.figures().commitsRestored).toBeGreaterThan(0);
  expect(provider.seen).toMatchObject({ redemptions: users.length + 1, reuses: 0 });
}, 120_000);

/** A replica that has a password which its master does not know hears nothing any more. */
async function part(replica: RedisProcess): Promise<void> {
  await replica.command('CONFIG', 'SET', 'masterauth', 'unknown');
  await replica.command('CLIENT', 'KILL', 'TYPE', 'master');
  const link = async () => String(await replica.command('INFO', 'replication'));
  await eventually('it hears nothing', async () => (await link()).includes('master_link_status:down'));
}

/** How many connections are looked after. */
async function dueCount(server: RedisProcess, prefix: string): Promise<number> {
  const shards = await server.command('KEYS', `${prefix}:due:*`);
  const counts = (Array.isArray(shards) ? shards : []).map((shard) => server.command('ZCARD', String(shard)));
  return (await Promise.all(counts)).reduce<number>((sum, count) => sum + Number(count), 0);
}
