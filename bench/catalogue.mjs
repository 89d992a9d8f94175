/** How much time loading the whole catalogue adds to the start: `node bench/catalogue.mjs [runs]`, after `npm run build`. */

import { spawnSync } from 'node:child_process';

const runs = Number(process.argv[2] ?? 15);
const providers = new URL('../dist/providers/index.js', import.meta.url).href;

/** Modules that a single provider needs, too: the schema of entries, the registry, and one record. */
const needed = ['registry', 'issuer', 'github'].map(
  (name) => new URL(`../dist/providers/${name}.js`, import.meta.url).href,
);

/** Runs in a separate process: loads what a single provider needs, then the whole catalogue, then makes a registry of it. */
const program = `
  for (const name of ${JSON.stringify(needed)}) await import(name);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const { catalogue, createRegistry } = await import(${JSON.stringify(providers)});
  const loaded = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  createRegistry({ github: { client_id: 'x', client_secret: 'y' } });
  console.log(JSON.stringify({ load: loaded - begun, cpu: (user + system) / 1000, registry: performance.now() - loaded, count: catalogue.size }));
`;

const figures = Array.from({ length: runs }, () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
});
const median = (key) => figures.map((figure) => figure[key]).sort((one, other) => one - other)[Math.floor(runs / 2)];
const count = figures[0].count;
console.log(
  `${count} providers: ${median('load').toFixed(1)} ms to load (${median('cpu').toFixed(1)} ms of CPU), ` +
    `${median('registry').toFixed(1)} ms for a registry; median of ${runs} processes, at most 15 ms wanted`,
);
