/**
 * Refreshing ahead: `npm run bench:ahead [-- --due 100000 --index 1000000 --from 1 --to 2]`. So many due connections against
 * a loopback token endpoint, with one process (`from`) and with two (`to`), as a share of what bare undici reaches there in
 * the same run with the same concurrency; then the memory of the due index in Redis, and the time of a claim at two sizes.
 */

import { createHash } from 'node:crypto';
import { openManager } from '../dist/src/open-manager.js';
import { dueMemberOf } from '../dist/src/store/field-names.js';
import { openRedisEngine } from '../dist/src/store/redis/index.js';
import { median, rate } from './support/measure.mjs';
import { connectPlain } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { endAll, managerAt, readCountsOf, startRedis, startScript } from './support/stage.mjs';

const { due, index, concurrency, from, to } = readCounts({
  due: 20_000,
  index: 1_000_000,
  concurrency: 64,
  from: 1,
  to: 2,
});
const bareRequests = 20_000;
/** The longest wait for anything, ms. */
const longestMs = 100_000;

async function fillDue(options, name) {
  const manager = await openManager(options);
  const expiresAt = Math.floor(Date.now() / 1000) - 10;
  const token = { provider: 'strict', accessToken: 'a', expiresAt };
  await rate(due, 100, (number) =>
    manager.storeToken(`user-${number}`, { ...token, refreshToken: `${name}-${number}` }),
  );
  await manager.close();
}

/**
 * Lets so many processes refresh everything that is due. `heap` is the first one's, at the start, halfway and at the end.
 * The first quarter is warming up and does not count; bare undici has a separate run for that.
 */
async function measureAhead(plain, origin, processes) {
  const name = `ahead-${processes}`;
  const options = managerAt(origin, { redisUrl, keyPrefix: `${name}-${process.pid}` });
  await fillDue(options, name);
  const ahead = JSON.stringify({ ...options, refreshAhead: { concurrency, perSecond: 0 } });
  const nodes = Array.from({ length: processes }, () => startScript('ahead-node.mjs', ahead));
  for (const node of nodes) await node.line();
  const ask = async (node, word) => {
    node.say(word);
    return JSON.parse(await node.line());
  };
  const first = await readCountsOf(origin);
  const look = async () => {
    const [told, counts, redis] = await Promise.all([
      Promise.all(nodes.map((node) => ask(node, 'tell'))),
      readCountsOf(origin),
      redisCpu(plain),
    ]);
    const nodesCpu = told.reduce((sum, { cpu }) => sum + cpu, 0);
    return {
      at: performance.now(),
      done: counts.redemptions - first.redemptions,
      nodesCpu,
      redis,
      endpoint: counts.cpu,
    };
  };
  const heap = [(await ask(nodes[0], 'heap')).heap];
  const startedAt = performance.now();
  for (const node of nodes) await ask(node, 'go');
  const waitFor = async (count) => {
    for (let seen = await look(); ; seen = await look()) {
      if (seen.done >= count || performance.now() - startedAt > longestMs) return seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const warm = await waitFor(due / 4);
  await waitFor(due / 2);
  heap.push((await ask(nodes[0], 'heap')).heap);
  const last = await waitFor(due);
  heap.push((await ask(nodes[0], 'heap')).heap);
  for (const node of nodes) await ask(node, 'stop');
  const each = (name) => (last[name] - warm[name]) / (last.done - warm.done);
  const { reuses } = await readCountsOf(origin);
  return {
    perSecond: ((last.done - warm.done) * 1_000) / (last.at - warm.at),
    done: last.done,
    heap,
    reuses: reuses - first.reuses,
    cpu: [each('nodesCpu'), each('redis'), each('endpoint')],
  };
}

/** CPU time of Redis so far, µs. */
async function redisCpu(plain) {
  const told = await plain.info('cpu');
  const [system, user] = ['sys', 'user'].map((kind) =>
    Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(told)?.[1]),
  );
  return (system + user) * 1e6;
}

/**
 * An index of this size; `bytes` is the memory of each entry. `claim` times one claim of a hundred that have just become
 * due: the scripts in Redis (`INFO commandstats`), and the whole as measured here, both in ms.
 */
async function openIndex(plain, size) {
  const engine = await openRedisEngine({ url: redisUrl, keyPrefix: `index-${process.pid}-${size}` });
  const memberOf = (number) =>
    dueMemberOf(createHash('sha256').update(`${number}`).digest('base64url').slice(0, 24), 'c/google');
  const before = await usedMemory(plain);
  // All are due later, except those that are claimed.
  await rate(size, 2_000, (number) => engine.schedule(memberOf(number), Date.now() + 3_600_000 + number));
  const bytes = ((await usedMemory(plain)) - before) / size;
  let round = 0;
  const claim = async () => {
    const first = (round++ * 100) % size;
    await rate(100, 100, (number) => engine.schedule(memberOf(first + number), 1));
    const [inScripts, startedAt] = [await scriptMs(plain), performance.now()];
    const claimed = await engine.claimDue(Date.now(), 100, 3_600_000);
    const seen = performance.now() - startedAt;
    if (claimed.length !== 100) throw new Error(`claimed ${claimed.length}`);
    return { inRedis: (await scriptMs(plain)) - inScripts, seen };
  };
  return { bytes, claim, close: () => engine.close() };
}

/** Time of scripts in Redis so far, ms. */
async function scriptMs(plain) {
  const told = await plain.info('commandstats');
  return [...told.matchAll(/cmdstat_eval(?:sha)?:calls=\d+,usec=(\d+)/g)].reduce((sum, [, us]) => sum + us / 1_000, 0);
}

/** Claims at both sizes in turns; medians, and the median of the ratios round by round. */
async function compareClaims(small, large, rounds) {
  const pairs = [];
  for (let round = -20; round < rounds; round += 1) {
    const pair = [await small.claim(), await large.claim()];
    if (round >= 0) pairs.push(pair);
  }
  return ['inRedis', 'seen'].map((kind) => ({
    small: median(pairs.map(([one]) => one[kind])),
    large: median(pairs.map(([, other]) => other[kind])),
    ratio: median(pairs.map(([one, other]) => other[kind] / one[kind])),
  }));
}

async function usedMemory(client) {
  return Number(/used_memory_dataset:(\d+)/.exec(await client.info('memory'))?.[1]);
}

const redisUrl = process.env.REDIS_URL ?? (await startRedis());
try {
  if (!redisUrl) throw new Error('There is no redis-server, and REDIS_URL is not set.');
  const plain = await connectPlain(redisUrl);
  const origin = await startScript('refreshing-endpoint.mjs', '0').line();
  const bareUndici = startScript('bare-undici.mjs', origin, String(concurrency));
  const bareSteps = startScript('bare-steps.mjs', origin, redisUrl, String(concurrency));
  const measure = async (script, name) => {
    script.say(`${name} ${bareRequests}`);
    return JSON.parse(await script.line());
  };
  const measureBare = (name) => measure(bareUndici, name);
  await measureBare('warm');
  await measure(bareSteps, 'warm-steps');
  const [rows, runs] = [[], []];
  let before = await measureBare('bare-0');
  /** As a share of bare undici's rate right before and right after it. */
  const addRow = async (subject, { perSecond, cpu }) => {
    const after = await measureBare(`bare-${rows.length + 1}`);
    const bare = (before.perSecond + after.perSecond) / 2;
    const costs = [...cpu, (before.cpu + after.cpu) / 2].map((us) => (us === undefined ? '' : `${Math.round(us)}`));
    rows.push([subject, ...[perSecond, bare, perSecond / bare].map(shown), ...costs]);
    before = after;
  };
  for (let processes = from; processes <= to; processes += 1) {
    const { done, heap, reuses, ...figures } = await measureAhead(plain, origin, processes);
    await addRow(`valetkey, processes: ${processes}`, figures);
    runs.push([`${processes}`, `${done} of ${due}`, `${reuses}`, ...heap]);
  }
  const steps = await measure(bareSteps, 'steps');
  await addRow('the bare steps', { ...steps, cpu: [steps.cpu, undefined, undefined] });
  const costs = ['CPU of all processes, µs', 'of Redis', 'of the endpoint', 'of bare undici'];
  printTable('Refreshing ahead', ['subject', 'per second', 'bare undici', 'ratio (goal 0.40)', ...costs], rows);
  printTable(
    'The same runs',
    ['processes', 'refreshed', 'sent twice', 'heap at the start, MiB', 'halfway', 'at the end'],
    runs,
  );
  printNote(
    `${concurrency} at a time, by bare undici too, which has a process of its own. Per refresh. What warms up, the first quarter, does not count. The bare steps: one process that reads, opens, writes an intent, sends, seals and commits by compare-and-set, each by a command of its own, and does nothing else.`,
  );
  if (due < 100_000) printNote('A sample of what is due; `--due 100000` takes all of the goal.');
  const [small, large] = [await openIndex(plain, 10_000), await openIndex(plain, index)];
  const [inRedis, seen] = await compareClaims(small, large, 300);
  printTable(
    'Due index in Redis',
    [
      'connections',
      'bytes each (goal 130)',
      'claim of 100 in Redis, ms',
      'ratio (goal 1)',
      'as we see it, ms',
      'ratio',
    ],
    [
      ['10,000', shown(small.bytes), shown(inRedis.small), '', shown(seen.small), ''],
      [
        index.toLocaleString('en-US'),
        ...[large.bytes, inRedis.large, inRedis.ratio, seen.large, seen.ratio].map(shown),
      ],
    ],
  );
  await Promise.all([small.close(), large.close()]);
  plain.disconnect();
} finally {
  await endAll();
}
