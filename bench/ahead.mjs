/**
 * Refreshing ahead: `npm run bench:ahead [-- --due 100000 --index 1000000 --from 1 --to 2]`. So many due connections against
 * a loopback token endpoint, by one process (`from`) and by two (`to`), as a share of what bare undici reaches there in the
 * same run; then what the due index costs in Redis, and what a claim costs at two sizes of it.
 */

import { createHash } from 'node:crypto';
import { Agent, request } from 'undici';
import { openManager } from '../dist/src/open-manager.js';
import { dueMemberOf } from '../dist/src/store/field-names.js';
import { openRedisEngine } from '../dist/src/store/redis/index.js';
import { inTurns } from './support/measure.mjs';
import { connectPlain } from './support/redis-server.mjs';
import { endAll, managerAt, startRedis, startScript } from './support/refresh-stage.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';

const { due, index, concurrency, from, to } = readCounts({
  due: 20_000,
  index: 1_000_000,
  concurrency: 200,
  from: 1,
  to: 2,
});
const bareRequests = 20_000;
/** Nothing is waited for longer than this, ms. */
const longestMs = 70_000;

/** Runs `work` for 0..count-1, so many at a time; answers how many a second. */
async function rate(count, atOnce, work) {
  let next = 0;
  const startedAt = performance.now();
  const loop = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return (count * 1_000) / (performance.now() - startedAt);
}

/** Refreshes by undici and nothing else, over kept connections. */
async function measureBare(origin, name) {
  const dispatcher = new Agent();
  const perSecond = await rate(bareRequests, 64, async (number) => {
    const body = `grant_type=refresh_token&client_id=bench&client_secret=s&refresh_token=${name}-${number}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await request(`${origin}/token`, { method: 'POST', headers, body, dispatcher });
    await answer.body.json();
  });
  await dispatcher.close();
  return perSecond;
}

async function fillDue(options, name) {
  const manager = await openManager(options);
  const expiresAt = Math.floor(Date.now() / 1000) - 10;
  const token = { provider: 'strict', accessToken: 'a', expiresAt };
  await rate(due, 100, (number) =>
    manager.storeToken(`user-${number}`, { ...token, refreshToken: `${name}-${number}` }),
  );
  await manager.close();
}

/** Lets so many processes refresh all that is due; the heap is that of the first, halfway and at the end. */
async function measureAhead(redisUrl, origin, processes) {
  const name = `ahead-${processes}`;
  const options = managerAt(origin, { redisUrl, keyPrefix: `${name}-${process.pid}` });
  await fillDue(options, name);
  const ahead = JSON.stringify({ ...options, refreshAhead: { concurrency, perSecond: 0 } });
  const nodes = Array.from({ length: processes }, () => startScript('ahead-node.mjs', ahead));
  for (const node of nodes) await node.line();
  const before = await readCountsOf(origin);
  const heapOf = async (node, word) => {
    node.say(word);
    return Number(await node.line());
  };
  const startedAt = performance.now();
  const heap = [await Promise.all(nodes.map((node) => heapOf(node, 'go'))).then(([first]) => first)];
  let done = 0;
  while (done < due && performance.now() - startedAt < longestMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    done = (await readCountsOf(origin)).redemptions - before.redemptions;
    if (heap.length === 1 && done >= due / 2) heap.push(await heapOf(nodes[0], 'tell'));
  }
  const perSecond = (done * 1_000) / (performance.now() - startedAt);
  heap.push(await heapOf(nodes[0], 'tell'));
  for (const node of nodes) await heapOf(node, 'stop');
  return { perSecond, done, heap, reuses: (await readCountsOf(origin)).reuses - before.reuses };
}

async function readCountsOf(origin) {
  return (await fetch(`${origin}/counts`)).json();
}

/** An index of so many; `bytes` is what each costs, `claim` times one claim of a hundred that have just become due. */
async function openIndex(redisUrl, size) {
  const engine = await openRedisEngine({ url: redisUrl, keyPrefix: `index-${process.pid}-${size}` });
  const plain = await connectPlain(redisUrl);
  const memberOf = (number) =>
    dueMemberOf(createHash('sha256').update(`${number}`).digest('base64url').slice(0, 24), 'c/google');
  const before = await usedMemory(plain);
  // All of them lie ahead but what is claimed.
  await rate(size, 2_000, (number) => engine.schedule(memberOf(number), Date.now() + 3_600_000 + number));
  const bytes = ((await usedMemory(plain)) - before) / size;
  plain.disconnect();
  let round = 0;
  const claim = async () => {
    const first = (round++ * 100) % size;
    await rate(100, 100, (number) => engine.schedule(memberOf(first + number), 1));
    const startedAt = performance.now();
    const claimed = await engine.claimDue(Date.now(), 100, 3_600_000);
    const ms = performance.now() - startedAt;
    if (claimed.length !== 100) throw new Error(`claimed ${claimed.length}`);
    return ms;
  };
  return { bytes, claim, close: () => engine.close() };
}

async function usedMemory(client) {
  return Number(/used_memory_dataset:(\d+)/.exec(await client.info('memory'))?.[1]);
}

try {
  const redisUrl = process.env.REDIS_URL ?? (await startRedis());
  if (!redisUrl) throw new Error('There is no redis-server, and REDIS_URL is not set.');
  const origin = await startScript('refreshing-endpoint.mjs', '0').line();
  await measureBare(origin, 'warm');
  const rows = [];
  let before = await measureBare(origin, 'bare-0');
  for (let processes = from; processes <= to; processes += 1) {
    const { perSecond, done, heap, reuses } = await measureAhead(redisUrl, origin, processes);
    const after = await measureBare(origin, `bare-${processes}`);
    const bare = (before + after) / 2;
    before = after;
    const heaps = heap.map((each) => `${each}`).join(', ');
    rows.push([
      `${processes}`,
      `${done} of ${due}`,
      `${reuses}`,
      shown(perSecond),
      shown(bare),
      shown(perSecond / bare),
      heaps,
    ]);
  }
  printTable(
    'Refreshing ahead',
    ['processes', 'refreshed', 'reuses', 'per second', 'bare undici', 'ratio (goal 0.40)', 'heap MiB at 0, 1/2, end'],
    rows,
  );
  if (due < 100_000) printNote('A sample of what is due; `--due 100000` takes all of the goal.');
  const [small, large] = [await openIndex(redisUrl, 10_000), await openIndex(redisUrl, index)];
  const claims = await inTurns({ small: small.claim, large: large.claim }, 100);
  printTable(
    'Due index in Redis',
    ['connections', 'bytes each (goal 130)', 'claim of 100, ms', 'ratio (goal 1)'],
    [
      ['10,000', shown(small.bytes), shown(claims.small.median), ''],
      [index.toLocaleString('en-US'), shown(large.bytes), shown(claims.large.median), shown(claims.large.ratio)],
    ],
  );
  await Promise.all([small.close(), large.close()]);
} finally {
  await endAll();
}
