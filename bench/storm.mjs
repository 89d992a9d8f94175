/**
 * A refresh storm: `npm run bench:storm [-- callers]`. Many callers of one ended token at once, in 1 and 4 processes, against a
 * strict provider of 100 ms: how often it was asked, who got nothing, and how long the slowest waited beyond the provider.
 */

import { openManager } from '../dist/src/open-manager.js';
import { endAll, makeDirectory, managerAt, startRedis, startScript } from './support/refresh-stage.mjs';

const callers = Number(process.argv[2] ?? 1_000);
const latencyMs = 100;
const rounds = 3;

async function storm(name, place, processes) {
  const endpoint = startScript('refreshing-endpoint.mjs', String(latencyMs));
  const origin = await endpoint.line();
  const options = managerAt(origin, place);
  const slowest = [];
  const seen = { redemptions: 0, reuses: 0, failed: 0, tokens: new Set() };
  for (let round = 0; round < rounds; round += 1) {
    const manager = await openManager(options);
    const now = Math.floor(Date.now() / 1000);
    const tokens = { provider: 'strict', accessToken: 'old', refreshToken: `first-${name}-${round}` };
    await manager.storeToken('storm', { ...tokens, expiresAt: now - 10 });
    await manager.storeToken('warm', { ...tokens, refreshToken: undefined, expiresAt: now + 3_600 });
    await manager.close();
    const share = String(Math.floor(callers / processes));
    const nodes = Array.from({ length: processes }, () =>
      startScript('storm-node.mjs', JSON.stringify(options), share),
    );
    for (const node of nodes) await node.line();
    for (const node of nodes) node.say('go');
    const reports = await Promise.all(nodes.map(async (node) => JSON.parse(await node.line())));
    slowest.push(Math.max(...reports.map((report) => report.slowestMs)));
    seen.failed += reports.reduce((sum, report) => sum + report.failed, 0);
    for (const token of reports.flatMap((report) => report.tokens)) seen.tokens.add(token);
  }
  const counts = await (await fetch(`${origin}/counts`)).json();
  const worst = Math.max(...slowest) / latencyMs;
  const median = slowest.sort((a, b) => a - b)[Math.floor(rounds / 2)] / latencyMs;
  console.log(
    `${name.padEnd(22)} ${processes} process(es), ${callers} callers: ${counts.redemptions / rounds} redemption(s) a storm, ` +
      `${counts.reuses} reuses, ${seen.failed} failed callers, ${seen.tokens.size / rounds} token(s); slowest caller ` +
      `${median.toFixed(2)} x the provider (median of ${rounds}), worst ${worst.toFixed(2)} x`,
  );
}

try {
  const redisUrl = process.env.REDIS_URL ?? (await startRedis());
  for (const processes of [1, 4]) {
    await storm(`embedded-${processes}`, { dataDir: makeDirectory() }, processes);
    if (redisUrl)
      await storm(`redis-${processes}`, { redisUrl, keyPrefix: `storm${process.pid}-${processes}` }, processes);
  }
} finally {
  await endAll();
}
