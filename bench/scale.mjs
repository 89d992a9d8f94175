/**
 * `npm run bench:scale`: the time of reading a token, of an account page and of erasing a user while Redis holds many
 * connections of others. 1 = the same with 10,000 connections in it. `--connections 100000` is faster.
 */

import { Redis } from 'ioredis';
import { median } from './support/measure.mjs';
import { startRedis } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { perUser, seedConnections, seedProviders } from './support/seed-connections.mjs';
import { openBenchManager, userOf } from './support/token-store.mjs';

const { connections, turns } = readCounts({ connections: 1_000_000, turns: 300 });
const begun = performance.now();
const small = await openWorld(10_000);
const large = await openWorld(connections);
const seconds = (performance.now() - begun) / 1000;
// A user in another part of the store each time, as what was just read is in the processor's caches.
const userAt = ({ users }, turn) => (turn * 7919) % users;

const acts = {
  'token read': ({ manager }, user) => manager.getToken(userOf(user), perUser[0]),
  'account page': ({ manager }, user) => manager.listUserConnections(userOf(user)),
  'erase-user': ({ manager }, user) => manager.eraseUser(userOf(user)),
};
const rows = [];
for (const [name, act] of Object.entries(acts)) {
  const [few, many] = [[], []];
  for (let turn = 0; turn < turns; turn += 1) {
    few.push(await milliseconds(() => act(small, userAt(small, turn))));
    many.push(await milliseconds(() => act(large, userAt(large, turn))));
  }
  const [before, after] = [median(few), median(many)];
  const trips = name === 'account page' ? await commandsOf(large, () => act(large, userAt(large, turns + 1))) : '';
  rows.push([
    name,
    shown(before),
    shown(after),
    (after / before).toFixed(2),
    name === 'token read' ? '<= 1.2' : '',
    trips,
  ]);
}
printTable(
  `${connections.toLocaleString('en-US')} connections of ${(connections / perUser.length).toLocaleString('en-US')} users`,
  ['act', 'p50 at 10,000, ms', 'p50, ms', 'ratio', 'goal', 'commands'],
  rows,
);
printNote(
  `One caller, cold records, ${turns} turns of each, at both sizes by turns. \`commands\`: sent to Redis by one account page. Filling both took ${Math.round(seconds)} s.`,
);
for (const { manager, redis } of [small, large]) {
  await manager.close();
  await redis.stop();
}

async function openWorld(size) {
  const redis = await startRedis();
  const users = Math.ceil(size / perUser.length);
  await seedConnections(redis.url, users);
  const manager = await openBenchManager({ redisUrl: redis.url, providers: seedProviders }, 0);
  return { redis, manager, users };
}

async function milliseconds(act) {
  const begun = performance.now();
  await act();
  return performance.now() - begun;
}

/** How many commands a client sends during `act`; those inside scripts are not counted. */
async function commandsOf({ redis }, act) {
  const plain = new Redis(redis.url, { protocol: 2 });
  const monitor = await plain.monitor();
  let sent = 0;
  monitor.on('monitor', (_time, _args, source) => {
    if (source !== 'lua') sent += 1;
  });
  await act();
  await new Promise((resolve) => setTimeout(resolve, 100));
  monitor.disconnect();
  plain.disconnect();
  return sent;
}
