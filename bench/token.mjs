/**
 * `npm run bench:token`: how fast a token is had in process. 1 = a plain ioredis GET of the same bytes on the same
 * server in the same run. Warm: the record is unchanged since it was last read. Cold: each record is opened anew.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurns, median, perSecond } from './support/measure.mjs';
import { openPlainDesign } from './support/plain-design.mjs';
import { connectPlain, startRedis } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { fill, openBenchManager, tokenOf, userOf } from './support/token-store.mjs';

const { users, rounds, ms } = readCounts({ users: 10_000, rounds: 7, ms: 500 });
const goals = {
  redis: { warm: { 1: 0.85, 64: 1.5, 256: 1.5 }, cold: { 1: 0.6, 64: 0.7 } },
  embedded: { warm: { 1: 3, 64: 1.5 }, cold: { 1: 2, 64: 0.8 } },
};

const redis = await startRedis();
const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-bench-'));
const plain = await connectPlain(redis.url);
const fernet = openPlainDesign(plain);
const open = { redis: [{ redisUrl: redis.url }, {}], embedded: [{ dataDir }, {}] };
const managers = {};
for (const [kind, [place]] of Object.entries(open)) {
  // By another one: what a process has just written itself it watches over for a while, which is not what is measured.
  const filling = await openBenchManager(place);
  await fill(filling, users);
  await filling.close();
  const [warm, cold] = [await openBenchManager(place), await openBenchManager(place, 0)];
  for (let index = 0; index < users; index += 1) await warm.getToken(userOf(index), 'github');
  managers[kind] = { warm, cold };
}
await keepSameBytes();
await fernet.fill(users, tokenOf);

const rows = [];
for (const callers of [1, 64, 256]) {
  const spent = {};
  const speedOf = (name, once) => [name, () => measure(name, (turn) => once((turn * 7919) % users))];
  const reading = (name, manager) => speedOf(name, (index) => manager.getToken(userOf(index), 'github'));
  const subjects = [
    speedOf('plain GET', (index) => plain.getBuffer(`plain:${index}`)),
    reading('redis warm', managers.redis.warm),
    reading('redis cold', managers.redis.cold),
    reading('embedded warm', managers.embedded.warm),
    reading('embedded cold', managers.embedded.cold),
    speedOf('plain design (GET, Fernet, no lock)', (index) => fernet.getToken(index)),
  ];
  const measure = async (name, once) => {
    const before = process.cpuUsage();
    const rate = await perSecond(once, { callers, ms });
    const { user, system } = process.cpuUsage(before);
    spent[name] = [...(spent[name] ?? []), (user + system) / (rate * (ms / 1000))];
    return rate;
  };
  const results = await inTurns(Object.fromEntries(subjects), rounds);
  for (const [name, { median: rate, ratio }] of Object.entries(results)) {
    const [kind, state] = name.split(' ');
    const goal = goals[kind]?.[state]?.[callers];
    const [cpu, plainCpu] = [median(spent[name]), median(spent['plain GET'])];
    const figures = [shown(rate), ratio.toFixed(2), goal === undefined ? '' : `>= ${goal}`];
    rows.push([callers, name, ...figures, shown(cpu), (plainCpu / cpu).toFixed(2)]);
  }
}
const columns = ['callers', 'subject', 'per second', 'ratio', 'goal', 'CPU, µs', 'CPU ratio'];
printTable(`Token in process, ${users.toLocaleString('en-US')} users`, columns, rows);
printNote(
  `Every read asks the store. ${rounds} rounds of ${ms} ms each in turns; medians, ratios round by round. CPU: of this process per read, which neighbours on the machine change least; its ratio is how many reads the CPU time of a plain GET pays for.`,
);

for (const { warm, cold } of Object.values(managers)) await Promise.all([warm.close(), cold.close()]);
plain.disconnect();
await redis.stop();
await rm(dataDir, { recursive: true, force: true });

/** What stands in each user's record, once more under a key of its own. */
async function keepSameBytes() {
  const keys = await plain.keys('valetkey:{*}');
  for (const [index, key] of keys.entries()) await plain.set(`plain:${index}`, await plain.getBuffer(key));
}
