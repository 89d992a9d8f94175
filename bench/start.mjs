/**
 * `npm run bench:start`: the time from the start of the process to its first answer, and its memory then. 1 = a bare
 * Fastify app with one route.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurns, median } from './support/measure.mjs';
import { freePort } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';

const { rounds } = readCounts({ rounds: 9 });
const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-bench-'));
const bareApp = `
  import { fastify } from 'fastify';
  const app = fastify();
  app.get('/healthz', async () => ({ status: 'ok' }));
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
`;
const command = new URL('../dist/src/cli/main.js', import.meta.url).pathname;
const memory = { bare: [], valetkey: [] };
const subjects = {
  'bare Fastify': () => startOnce('bare', ['--input-type=module', '-e', bareApp]),
  'valetkey serve, embedded store': () => startOnce('valetkey', [command, 'serve']),
};
const [[bareName, bare], [ourName, ours]] = Object.entries(await inTurns(subjects, rounds));
const rows = [
  [bareName, shown(bare.median), '1.00', '', megabytes('bare'), ''],
  [ourName, shown(ours.median), ours.ratio.toFixed(2), '<= 2.0', megabytes('valetkey'), '<= 110'],
];
printTable('Start to first answer', ['subject', 'ms', 'ratio', 'goal', 'resident, MB', 'goal'], rows);
printNote(
  `${rounds} starts each in turns; medians. GitHub, Google and Slack are configured. Resident memory is VmRSS right after the first answer.`,
);
await rm(dataDir, { recursive: true, force: true });

/** Time until the port answers, ms; then ends the process. */
async function startOnce(kind, args) {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: new URL('..', import.meta.url).pathname,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment(port) },
    stdio: 'ignore',
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  try {
    await answers(`http://127.0.0.1:${port}/healthz`, child);
    const ms = performance.now() - begun;
    memory[kind].push(residentMegabytes(child.pid));
    return ms;
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}

function environment(port) {
  const names = ['GITHUB', 'GOOGLE', 'SLACK'];
  const clients = names.flatMap((name) => [
    [`${name}_CLIENT_ID`, 'bench'],
    [`${name}_CLIENT_SECRET`, 'bench-secret'],
  ]);
  return { PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...Object.fromEntries(clients) };
}

async function answers(url, child) {
  while (child.exitCode === null) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  throw new Error(`the process ended with ${child.exitCode}`);
}

/** Linux only; `NaN` elsewhere. */
function residentMegabytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

function megabytes(kind) {
  return shown(median(memory[kind]));
}
