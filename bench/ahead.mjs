/**
 * Refreshing ahead: `npm run bench:ahead [-- due [index]]`. So many due connections against a loopback token endpoint, as a share of
 * what bare undici reaches there in the same run; what the due index costs in Redis, and what a claim costs at two sizes of it.
 */

import { Agent, request } from 'undici';
import { openManager } from '../dist/src/open-manager.js';
import { openRedisEngine } from '../dist/src/store/redis/index.js';
import { endAll, managerAt, startRedis, startScript } from './support/refresh-stage.mjs';

const due = Number(process.argv[2] ?? 2_000);
const indexSize = Number(process.argv[3] ?? 100_000);
const concurrency = 64;

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

async function measureBare(origin, name, options) {
  const dispatcher = new Agent(options);
  const count = Math.min(Math.max(due, 2_000), 20_000);
  const perSecond = await rate(count, concurrency, async (index) => {
    const body = `grant_type=refresh_token&client_id=bench&client_secret=s&refresh_token=${name}-${index}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await request(`${origin}/token`, { method: 'POST', headers, body, dispatcher });
    await answer.body.json();
  });
  await dispatcher.close();
  return perSecond;
}

async function measureAhead(redisUrl, origin) {
  const options = managerAt(origin, { redisUrl, keyPrefix: `ahead${process.pid}` });
  const filling = await openManager(options);
  const expiresAt = Math.floor(Date.now() / 1000) - 10;
  await rate(due, 20, (index) =>
    filling.storeToken(`user-${index}`, {
      provider: 'strict',
      accessToken: 'a',
      refreshToken: `due-${index}`,
      expiresAt,
    }),
  );
  await filling.close();
  const before = await countRedemptions(origin);
  const memory = [];
  const startedAt = performance.now();
  const worker = await openManager({ ...options, backgroundWork: true, refreshAhead: { concurrency, perSecond: 0 } });
  let done = 0;
  while (done < due) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    done = (await countRedemptions(origin)) - before;
    memory.push(process.memoryUsage().heapUsed);
    if (performance.now() - startedAt > 600_000) break;
  }
  const perSecond = (done * 1_000) / (performance.now() - startedAt);
  await worker.close();
  return { perSecond, done, memory };
}

async function countRedemptions(origin) {
  return (await (await fetch(`${origin}/counts`)).json()).redemptions;
}

async function measureIndex(redisUrl, size) {
  const keyPrefix = `index${process.pid}-${size}`;
  const engine = await openRedisEngine({ url: redisUrl, keyPrefix });
  const memberOf = (index) => `${index.toString(36).padStart(24, 'o')}c/google`;
  const before = await usedMemory(redisUrl);
  // All of them lie ahead but what is claimed below.
  await rate(size, 500, (index) => engine.schedule(memberOf(index), Date.now() + 3_600_000 + index));
  const bytes = ((await usedMemory(redisUrl)) - before) / size;
  const times = [];
  for (let round = 0; round < 30; round += 1) {
    await rate(100, 100, (index) => engine.schedule(memberOf(round * 100 + index), 1));
    const startedAt = performance.now();
    const claimed = await engine.claimDue(Date.now(), 100, 3_600_000);
    times.push(performance.now() - startedAt);
    if (claimed.length !== 100) throw new Error(`claimed ${claimed.length}`);
  }
  await engine.close();
  times.sort((a, b) => a - b);
  return { bytes, claimMs: times[15] };
}

async function usedMemory(redisUrl) {
  const { Redis } = await import('ioredis');
  const client = new Redis(redisUrl);
  const info = await client.info('memory');
  client.disconnect();
  return Number(/used_memory_dataset:(\d+)/.exec(info)?.[1]);
}

try {
  const redisUrl = process.env.REDIS_URL ?? (await startRedis());
  if (!redisUrl) throw new Error('There is no redis-server, and REDIS_URL is not set.');
  const origin = await startScript('refreshing-endpoint.mjs', '0').line();
  await measureBare(origin, 'warm', {});
  const kept = await measureBare(origin, 'kept', {});
  const fresh = await measureBare(origin, 'fresh', { pipelining: 0 });
  console.log(
    `bare undici: ${kept.toFixed(0)}/s, one connection a request: ${fresh.toFixed(0)}/s (${(fresh / kept).toFixed(2)})`,
  );
  const { perSecond, done, memory } = await measureAhead(redisUrl, origin);
  const share = `${(perSecond / kept).toFixed(2)} of bare undici, ${(perSecond / fresh).toFixed(2)} of it without kept connections`;
  const heap = (index) => `${((memory.at(index) ?? 0) / 2 ** 20).toFixed(0)} MiB`;
  console.log(
    `refreshing ahead: ${done} of ${due} at ${perSecond.toFixed(0)}/s = ${share}; heap ${heap(0)} -> ${heap(-1)}`,
  );
  for (const size of [10_000, indexSize]) {
    const { bytes, claimMs } = await measureIndex(redisUrl, size);
    console.log(
      `due index of ${size}: ${bytes.toFixed(0)} bytes a connection, a claim of 100 takes ${claimMs.toFixed(1)} ms (median of 30)`,
    );
  }
} finally {
  await endAll();
}
