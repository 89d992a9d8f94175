/**
 * Refreshes by undici and nothing else, over kept connections, in a process that does nothing else either:
 * `node bare-undici.mjs <origin> <how many at a time>`. For each line `<name> <count>` it reports by one: how many a second,
 * and µs of CPU for each.
 */

import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { rate } from './measure.mjs';

const [origin, atOnce] = process.argv.slice(2);
const headers = { 'content-type': 'application/x-www-form-urlencoded' };

async function refreshAll(name, count) {
  const dispatcher = new Agent();
  const before = process.cpuUsage();
  const perSecond = await rate(count, Number(atOnce), async (number) => {
    const body = `grant_type=refresh_token&client_id=bench&client_secret=s&refresh_token=${name}-${number}`;
    const answer = await request(`${origin}/token`, { method: 'POST', headers, body, dispatcher });
    await answer.body.json();
  });
  const { user, system } = process.cpuUsage(before);
  await dispatcher.close();
  return { perSecond, cpu: (user + system) / count };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(' ');
  process.stdout.write(`${JSON.stringify(await refreshAll(name, Number(count)))}\n`);
}
// Whoever started it is gone.
process.exit(0);
