/**
 * Refreshes with undici only, over kept connections, in a process that does nothing else:
 * `node bare-undici.mjs <origin> <how many at a time>`. Answers each line `<name> <count>` with one line: how many per
 * second, and µs of CPU for each.
 */

import { Agent, request } from 'undici';
import { answerLines } from './answer-lines.mjs';
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

await answerLines((line) => {
  const [name, count] = line.split(' ');
  return refreshAll(name, Number(count));
});
