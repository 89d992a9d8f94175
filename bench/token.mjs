/**
 * `npm run bench:token`: how fast the library answers a token in process. 1 = a plain ioredis GET of the same bytes on the
 * same server in the same run. Warm: the record is unchanged since it was last read. Cold: each record is opened again.
 */

import { inTurns, median } from './support/measure.mjs';
import { connectPlain } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { endAll, makeDirectory, startRedis, startScript } from './support/stage.mjs';
import { fill, encryptionKeys as keys, openBenchManager } from './support/token-store.mjs';

const { users, rounds, ms } = readCounts({ users: 10_000, rounds: 7, ms: 500 });
const goals = {
  redis: { warm: { 1: 0.85, 64: 1.5, 256: 1.5 }, cold: { 1: 0.6, 64: 0.7 } },
  embedded: { warm: { 1: 3, 64: 1.5 }, cold: { 1: 2, 64: 0.8 } },
};
const fernet = 'plain design (GET, Fernet, no lock)';

try {
  const [redisUrl, dataDir] = [await startRedis(), makeDirectory()];
  for (const place of [{ redisUrl }, { dataDir }]) {
    const filling = await openBenchManager(place);
    await fill(filling, users);
    await filling.close();
  }
  await keepSameBytes(redisUrl);
  const subjects = {
    'plain GET': await start({ kind: 'plain GET', redisUrl }),
    'redis warm': await start({ kind: 'valetkey', redisUrl }),
    'redis cold': await start({ kind: 'valetkey', redisUrl, keepOpened: 0 }),
    'embedded warm': await start({ kind: 'valetkey', dataDir }),
    'embedded cold': await start({ kind: 'valetkey', dataDir, keepOpened: 0 }),
    [fernet]: await start({ kind: 'plain design', redisUrl }),
  };
  const rows = [];
  for (const callers of [1, 64, 256]) rows.push(...(await rowsAt(callers, subjects)));
  const columns = ['callers', 'subject', 'per second', 'ratio', 'goal', 'CPU, µs', 'CPU ratio'];
  printTable(`Token in process, ${users.toLocaleString('en-US')} users`, columns, rows);
  printNote(
    `Every read asks the store. Each subject has a process of its own. ${rounds} rounds of ${ms} ms each in turns; medians, ratios round by round. CPU: of that process per read, which neighbours on the machine change least; its ratio is how many reads the CPU time of a plain GET pays for.`,
  );
} finally {
  await endAll();
}

async function rowsAt(callers, subjects) {
  const spent = {};
  const measured = Object.entries(subjects).map(([name, subject]) => {
    spent[name] = [];
    const measure = async () => {
      subject.say(`${callers} ${ms}`);
      const { rate, cpu } = JSON.parse(await subject.line());
      spent[name].push(cpu);
      return rate;
    };
    return [name, measure];
  });
  const results = await inTurns(Object.fromEntries(measured), rounds);
  return Object.entries(results).map(([name, { median: rate, ratio }]) => {
    const [store, state] = name.split(' ');
    const goal = goals[store]?.[state]?.[callers];
    const [cpu, plainCpu] = [median(spent[name]), median(spent['plain GET'])];
    const figures = [shown(rate), ratio.toFixed(2), goal === undefined ? '' : `>= ${goal}`];
    return [callers, name, ...figures, shown(cpu), (plainCpu / cpu).toFixed(2)];
  });
}

async function start(place) {
  const subject = startScript('token-subject.mjs', JSON.stringify({ ...place, users, keys }));
  await subject.line();
  return subject;
}

/** Copies the bytes of each user's record to another key. */
async function keepSameBytes(redisUrl) {
  const plain = await connectPlain(redisUrl);
  const names = await plain.keys('valetkey:{*}');
  for (const [index, name] of names.entries()) await plain.set(`plain:${index}`, await plain.getBuffer(name));
  plain.disconnect();
}
