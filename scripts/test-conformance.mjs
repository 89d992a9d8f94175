/**
 * `npm run test:conformance`: the official MCP conformance suite judges our way through a 401.
 *
 * The suite needs Node 22, which comes as the npm package `node`; the tested client runs on the Node of this process. A
 * name as argument runs only the scenarios that contain it. At the end clients that are broken on purpose have to fail, to
 * show that the harness notices faults. `control` as argument runs only those.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const suite = '@modelcontextprotocol/conformance@0.2.0-alpha.12';
const atOnce = 2;
/** Time per scenario, ms: the suite's own 30 s are not enough on a busy machine. */
const patience = ['--timeout', '120000'];

const common = [
  'metadata-default',
  'metadata-var1',
  'metadata-var2',
  'metadata-var3',
  'basic-cimd',
  'scope-from-www-authenticate',
  'scope-from-scopes-supported',
  'scope-omitted-when-undefined',
  'scope-step-up',
  'scope-retry-limit',
  'token-endpoint-auth-basic',
  'token-endpoint-auth-post',
  'token-endpoint-auth-none',
  'pre-registration',
];
const since2026 = [
  'resource-mismatch',
  'offline-access-scope',
  'offline-access-not-supported',
  'authorization-server-migration',
  'iss-supported',
  'iss-not-advertised',
  'iss-supported-missing',
  'iss-wrong-issuer',
  'iss-unexpected',
  'iss-normalized',
  'metadata-issuer-mismatch',
];
/** For servers of the first revision, which an operator has to name in the configuration. */
const legacy = ['2025-03-26-oauth-metadata-backcompat', '2025-03-26-oauth-endpoint-fallback'];
const extensions = ['client-credentials-basic', 'client-credentials-jwt'];

/** The scenarios that must pass, by revision. Fixed lists, so that a missing scenario is a failure, too. */
const required = [
  { version: '2026-07-28', names: [...common, ...since2026] },
  { version: '2025-11-25', names: common },
  { version: '2026-07-28', names: extensions, title: 'extensions' },
  { version: '2025-03-26', names: legacy },
];

/** Faults of a client (see test/conformance/client.mjs), and the scenarios that have to notice them. */
const controls = [
  { fault: 'resource', names: ['metadata-default', 'token-endpoint-auth-basic'] },
  { fault: 'iss', names: ['iss-supported-missing', 'iss-wrong-issuer', 'iss-unexpected'] },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'conformance');
const bin = join(cache, 'node_modules', '.bin');

if (!existsSync(join(bin, 'conformance'))) install();
if (process.env.VALETKEY_DIST === undefined) build({ onlyIfChanged: true });
const filter = process.argv[2] ?? '';
let failed = 0;
for (const { version, names, title = version } of filter === 'control' ? [] : required) {
  const results = await runAll(
    names.filter((name) => name.includes(filter)),
    version,
  );
  const checks = results.reduce((sum, result) => sum + result.passed, 0);
  const good = results.filter((result) => result.isAsWanted).length;
  failed += results.length - good;
  console.log(`${title}: ${good} of ${results.length} scenarios, ${checks} checks passed`);
}
for (const { fault, names } of filter === '' || filter === 'control' ? controls : []) {
  const results = await runAll(names, '2026-07-28', fault);
  const found = results.filter((result) => result.isAsWanted).length;
  failed += results.length - found;
  console.log(`control: a client without "${fault}" fails in ${found} of ${results.length} scenarios, as it must`);
}
process.exitCode = failed === 0 ? 0 : 1;

function install() {
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}\n');
  const args = ['install', '--no-audit', '--no-fund', 'node@22', suite];
  const { status } = spawnSync('npm', args, { cwd: cache, stdio: 'inherit' });
  if (status !== 0) throw new Error('The conformance suite could not be installed.');
}

async function runAll(names, version, fault) {
  const waiting = [...names];
  const results = [];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      results.push(await run(name, version, fault));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** Runs one scenario. Warnings count as failures, as in the suite. `fault` breaks the client. */
async function run(name, version, fault = '') {
  const client = [process.execPath, join(root, 'test/conformance/client.mjs')].map((part) => `"${part}"`).join(' ');
  const args = [
    'client',
    '--command',
    client,
    '--scenario',
    `auth/${name}`,
    '--spec-version',
    version,
    '--verbose',
    ...patience,
  ];
  const isExtension = extensions.includes(name);
  const { status, output } = await collect([...args, ...(isExtension ? ['--force'] : [])], fault);
  const counts = /Passed: (\d+)\/(\d+), (\d+) failed, (\d+) warnings/.exec(output);
  const [passed, , failures, warnings] = (counts ?? []).slice(1).map(Number);
  const isGood = status === 0 && counts !== null && failures === 0 && warnings === 0;
  // A scenario that did not run at all has noticed nothing.
  const isFound = counts !== null && !isGood;
  const isAsWanted = fault === '' ? isGood : isFound;
  const what = fault === '' ? version : `without ${fault}:`;
  console.log(`${isAsWanted ? 'ok  ' : 'FAIL'} ${what} auth/${name} (${passed ?? 0} checks, ${failures ?? 0} failed)`);
  if (!isAsWanted) console.log(output.slice(-4000));
  return { isAsWanted, passed: passed ?? 0 };
}

function collect(args, fault) {
  const dist = process.env.VALETKEY_DIST ?? join(root, 'dist');
  const env = { ...process.env, VALETKEY_DIST: dist, VALETKEY_CONFORMANCE_FAULT: fault };
  const child = spawn(join(bin, 'node'), [join(bin, 'conformance'), ...args], { cwd: root, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}
