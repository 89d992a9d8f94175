/**
 * `npm run bench`: runs every bench that is there, one after the other, and writes bench/RESULTS.md. A bench that fails
 * or takes more than three minutes is named there; nothing is judged by the clock.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

const benches = ['token', 'http', 'size', 'start', 'scale', 'storm', 'ahead'];
const longestMs = 180_000;
const here = (name) => new URL(name, import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'));
const versionOf = (name) => JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')).version;

const loadBefore = loadavg()[0];
const begun = performance.now();
const parts = [];
for (const name of benches.filter((each) => existsSync(here(`./${each}.mjs`)))) {
  parts.push(runOne(name));
  // After each, so that what was measured stands there even if the run is broken off.
  writeFileSync(here('./RESULTS.md'), `${[describeRun(), ...parts].join('\n\n')}\n`);
}
console.log(`bench/RESULTS.md was written after ${Math.round((performance.now() - begun) / 1000)} s.`);

function runOne(name) {
  console.log(`bench:${name} …`);
  const options = { encoding: 'utf8', timeout: longestMs, killSignal: 'SIGTERM', maxBuffer: 1 << 24 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [here(`./${name}.mjs`)], options);
  const ended = status === 0 ? '' : `\n\nIt did not come to its end (status ${status}).`;
  if (status !== 0) console.error(stderr);
  console.log(stdout.trim());
  return `## bench:${name}\n\n${stdout.trim()}${ended}`;
}

function describeRun() {
  const redis = spawnSync(process.env.REDIS_SERVER_PATH ?? 'redis-server', ['--version'], { encoding: 'utf8' }).stdout;
  const [processor] = cpus();
  return [
    '# Results of `npm run bench`',
    '',
    'Ratios are measured in one run, subject and baseline in turns, and are medians round by round. Compare ratios;',
    'figures per second are those of one machine, with load generator, server and Redis on the same processors.',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, valetkey ${version}`,
    `- ${cpus().length} x ${processor?.model.trim() || 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
    `- load average ${loadBefore.toFixed(1)} before and ${loadavg()[0].toFixed(1)} after; far above the number of processors, figures are those of a busy machine`,
    `- Node ${process.version}, ioredis ${versionOf('ioredis')}, lmdb ${versionOf('lmdb')}, fastify ${versionOf('fastify')}`,
    `- ${redis?.trim() ?? 'no redis-server'}`,
  ].join('\n');
}
