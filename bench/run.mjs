/**
 * `npm run bench [-- name …]`: runs all benches, or the named ones, one after the other, and writes bench/RESULTS.md;
 * sections of the others stay as they were. A bench that fails or takes more than three minutes is named there; no figure
 * makes the run fail.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

const benches = ['token', 'http', 'peers', 'size', 'start', 'scale', 'storm', 'ahead', 'events'];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.includes(name));
if (unknown.length > 0)
  throw new TypeError(`There is no bench ${unknown.join(', ')}; there are ${benches.join(', ')}.`);
const longestMs = 180_000;
const here = (name) => new URL(name, import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'));
const versionOf = (name) => JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')).version;

const begun = performance.now();
const sections = readSections();
for (const name of benches) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  sections.set(name, runOne(name));
  // After each bench, so that its figures are kept if the run is interrupted.
  const parts = benches.flatMap((each) => sections.get(each) ?? []);
  writeFileSync(here('./RESULTS.md'), `${[describeRun(), ...parts].join('\n\n')}\n`);
}
console.log(`bench/RESULTS.md was written after ${Math.round((performance.now() - begun) / 1000)} s.`);

/** The sections of RESULTS.md by bench; none if all benches are run. */
function readSections() {
  if (wanted.length === 0 || !existsSync(here('./RESULTS.md'))) return new Map();
  const parts = readFileSync(here('./RESULTS.md'), 'utf8')
    .split(/^## bench:/m)
    .slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), `## bench:${part.trim()}`]));
}

function runOne(name) {
  console.log(`bench:${name} …`);
  const loads = loadavg();
  const options = { encoding: 'utf8', timeout: longestMs, killSignal: 'SIGTERM', maxBuffer: 1 << 24 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [here(`./${name}.mjs`)], options);
  const ended = status === 0 ? '' : `\n\nIt did not come to its end (status ${status}).`;
  if (status !== 0) console.error(stderr);
  console.log(stdout.trim());
  const load = `Load average before: ${loads[0].toFixed(1)}.`;
  return `## bench:${name}\n\n${load}\n\n${stdout.trim()}${ended}`;
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
    `- ${cpus().length} x ${processor?.model.trim() || 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release().split('-')[0]}`,
    '- where a load average is far above the number of processors, figures are those of a busy machine',
    `- Node ${process.version}, ioredis ${versionOf('ioredis')}, lmdb ${versionOf('lmdb')}, fastify ${versionOf('fastify')}`,
    `- ${redis?.trim() ?? 'no redis-server'}`,
  ].join('\n');
}
