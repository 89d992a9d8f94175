/**
 * A refresh storm: `npm run bench:storm [-- --callers 1000 --rounds 5]`. Many callers ask for one expired token at once, in
 * 1 and 4 processes, with a strict provider that takes 100 ms: how many requests the provider got, how many callers got
 * no token, and how much longer than the provider the slowest caller waited.
 */

import { openManager } from '../dist/src/open-manager.js';
import { median } from './support/measure.mjs';
import { printTable, readCounts, shown } from './support/report.mjs';
import { endAll, makeDirectory, managerAt, readCountsOf, startRedis, startScript } from './support/stage.mjs';

const { callers, rounds } = readCounts({ callers: 1_000, rounds: 5 });
const latencyMs = 100;

async function storm(name, place, processes) {
  const endpoint = startScript('refreshing-endpoint.mjs', String(latencyMs));
  const origin = await endpoint.line();
  const options = managerAt(origin, place);
  const slowest = [];
  const seen = { redemptions: 0, failed: 0, tokens: new Set() };
  for (let round = 0; round < rounds; round += 1) {
    const manager = await openManager(options);
    const now = Math.floor(Date.now() / 1000);
    const tokens = { provider: 'strict', accessToken: 'old', refreshToken: `first-${name}-${round}` };
    const ended = { ...tokens, expiresAt: now - 10 };
    await manager.storeToken('storm', ended);
    const warming = Array.from({ length: processes }, (_, index) => `warm-${index}`);
    for (const user of warming) {
      await manager.storeToken(user, { ...ended, refreshToken: `${tokens.refreshToken}-${user}` });
    }
    await manager.close();
    const share = String(Math.floor(callers / processes));
    const nodes = warming.map((user) => startScript('storm-node.mjs', JSON.stringify(options), share, user));
    for (const node of nodes) await node.line();
    seen.redemptions -= (await readCountsOf(origin)).redemptions;
    for (const node of nodes) node.say('go');
    const reports = await Promise.all(nodes.map(async (node) => JSON.parse(await node.line())));
    seen.redemptions += (await readCountsOf(origin)).redemptions;
    slowest.push(Math.max(...reports.map((report) => report.slowestMs)));
    seen.failed += reports.reduce((sum, report) => sum + report.failed, 0);
    for (const token of reports.flatMap((report) => report.tokens)) seen.tokens.add(token);
  }
  const { reuses } = await readCountsOf(origin);
  return [
    name,
    `${processes}`,
    shown(seen.redemptions / rounds),
    `${reuses}`,
    `${seen.failed}`,
    shown(seen.tokens.size / rounds),
    shown(median(slowest) / latencyMs),
    shown(Math.max(...slowest) / latencyMs),
  ];
}

try {
  const redisUrl = process.env.REDIS_URL ?? (await startRedis());
  const rows = [];
  for (const processes of [1, 4]) {
    rows.push(await storm('embedded', { dataDir: makeDirectory() }, processes));
    if (redisUrl) {
      rows.push(await storm('redis', { redisUrl, keyPrefix: `storm${process.pid}-${processes}` }, processes));
    }
  }
  printTable(
    `Refresh storm: ${callers} callers of one ended token, the provider takes ${latencyMs} ms`,
    [
      'store',
      'processes',
      'redemptions a storm (goal 1)',
      'reuses',
      'failed callers (goal 0)',
      'tokens a storm',
      'slowest caller, times the provider (goal 2.0, of 4 processes 2.5)',
      'worst',
    ],
    rows,
  );
} finally {
  await endAll();
}
