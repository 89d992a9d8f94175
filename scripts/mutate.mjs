/**
 * Mutation testing with Stryker: `npm run mutate [-- [--one] [--table] [<chunk>…] [<file>[:<from>-<to>]…]]`.
 * With files, or lines of them, only those parts of the chunks are mutated. `--one` runs one mutant at a time instead of
 * two; `--table` runs nothing and shows the last results. Exits with 1 if a file is below 85 %. Not part of the tests: a
 * mutant takes about a second.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The files to mutate, and the tests that have to notice. Files with only types have nothing to mutate. */
const chunks = {
  values: {
    mutate: core('scope', 'secret', 'return-to', 'identifiers', 'parse-input', 'kept-parameters', 'endpoint'),
    tests: coreTests('scope', 'secret', 'return-to', 'identifiers', 'parse-input', 'kept-parameters', 'endpoint'),
  },
  paths: {
    mutate: core('json-paths'),
    tests: ['test/core/kept-parameters.test.ts', 'test/protocol/identity.test.ts', 'test/flows/sites.test.ts'],
  },
  responses: {
    mutate: core('callback-check', 'authorization-response', 'identity-place', 'provider-endpoints', 'site'),
    tests: [
      ...coreTests('callback-check', 'authorization-response', 'account-place', 'connection-parameters'),
      ...tests('test/flows', 'callback-values', 'sites'),
    ],
  },
  tokens: {
    mutate: core('token-set', 'refresh-end', 'recent-map', 'provider'),
    tests: coreTests('token-set', 'refresh-end', 'recent-map', 'missing-scope'),
  },
  records: {
    mutate: core('connect', 'connection', 'audit', 'events', 'mcp-server'),
    tests: coreTests('record-shapes', 'connection', 'audit', 'events', 'mcp-server'),
  },
  brand: { mutate: core('brand'), tests: coreTests('brand') },
  mcp: { mutate: core('mcp-policy'), tests: coreTests('mcp-policy') },
  states: {
    mutate: core('refresh-state'),
    tests: coreTests('refresh-state', 'refresh-state-lost-answer', 'refresh-document', 'refresh-failure'),
  },
  errors: { mutate: core('errors'), tests: ['test/core/errors.test.ts', 'test/routes/problems.test.ts'] },
  proof: {
    mutate: flows('prove-person', 'chat-person', 'browser-binding', 'one-time-values'),
    tests: tests('test/flows', 'one-time-values', 'chat-person', 'browser-binding', 'proof', 'shared-account'),
  },
  browser: {
    mutate: flows('start-authorization', 'finish-authorization', 'park-grant'),
    tests: tests('test/flows', 'authorization', 'proof'),
  },
  login: { mutate: flows('chat-login'), tests: tests('test/flows', 'chat-login', 'chat-login-start') },
  people: {
    mutate: flows('account-page', 'pending-actions', 'shared-account'),
    tests: tests('test/flows', 'account-page', 'pending-actions', 'shared-account'),
  },
  callers: {
    mutate: ['src/service/caller-auth.ts', 'src/service/caller-jwt.ts'],
    tests: ['test/service/caller-*.test.ts', 'test/service/api-keys.test.ts'],
  },
  keys: {
    mutate: ['src/service/api-keys.ts', 'src/service/revoked-callers.ts'],
    tests: tests('test/service', 'api-keys', 'revoked-callers', 'caller-jwt'),
  },
  circuits: { mutate: flows('provider-circuits'), tests: tests('test/flows', 'provider-circuits', 'place-circuits') },
  usuals: {
    mutate: store('usual-connection', 'usual-event', 'usual-audit-entry', 'packed-text'),
    tests: tests('test/store', 'usual-*', 'records', 'record-fixtures'),
  },
  seals: { mutate: store('sealing'), tests: tests('test/store', 'sealing', 'records', 'record-fixtures') },
};

function store(...names) {
  return names.map((name) => `src/store/${name}.ts`);
}

function core(...names) {
  return names.map((name) => `src/core/${name}.ts`);
}

function flows(...names) {
  return names.map((name) => `src/flows/${name}.ts`);
}

function coreTests(...names) {
  return tests('test/core', ...names);
}

function tests(folder, ...names) {
  return names.map((name) => `${folder}/${name}.test.ts`);
}

/** Percent. */
const least = 85;

/** A file argument: the path, and the lines if not all. */
const lineRange = /^(.+?)(?::\d+-\d+)?$/;

const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const files = process.argv.slice(2).filter((word) => word.includes('/'));
const named = process.argv.slice(2).filter((word) => !options.includes(word) && !files.includes(word));
for (const name of named)
  if (!(name in chunks)) throw new Error(`There is no chunk "${name}". There are: ${Object.keys(chunks).join(', ')}.`);
const wanted = Object.keys(chunks).filter((name) => named.length === 0 || named.includes(name));
mkdirSync('reports/mutation', { recursive: true });
const reports = wanted.map((name) => [name, mutantsOf(name)]).filter(([, mutate]) => mutate.length > 0);
if (!options.includes('--table')) for (const [name, mutate] of reports) run(name, mutate);
show(reports.map(([name]) => `${fileOf(name)}.json`).filter((path) => existsSync(path)));

function mutantsOf(name) {
  const { mutate } = chunks[name];
  return files.length === 0 ? mutate : files.filter((file) => mutate.includes(file.replace(lineRange, '$1')));
}

/** The report of a part never replaces that of the whole. */
function fileOf(name) {
  return `reports/mutation/${name}${files.length === 0 ? '' : '-part'}`;
}

function run(name, mutate) {
  const file = fileOf(name);
  const settings = {
    mutate,
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    concurrency: options.includes('--one') ? 1 : 2,
    timeoutMS: 10_000,
    reporters: ['json'],
    jsonReporter: { fileName: `${file}.json` },
    tempDirName: `reports/stryker-${name}`,
    allowEmpty: true,
    // Code that runs when a module is loaded (schemas, tables) is mutated too; each such mutant runs all tests of its chunk.
    warnings: { slow: false },
    disableTypeChecks: false,
    // TypeScript 7 has no compiler API, which Stryker needs to rewrite the paths in the file; there are none to rewrite.
    tsconfigFile: 'none',
    ignorePatterns: ['dist', 'coverage', 'data', 'reports'],
  };
  writeFileSync(`${file}.config.json`, JSON.stringify(settings));
  const { mutate: all, tests: noticing } = chunks[name];
  const env = { ...process.env, MUTATE_TESTS: noticing.join(','), MUTATE_FILES: all.join(',') };
  const { status } = spawnSync('node_modules/.bin/stryker', ['run', `${file}.config.json`], { env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Prints every survivor with its place, then the score of each file and of all. */
function show(paths) {
  const measured = paths.flatMap((path) => Object.entries(JSON.parse(readFileSync(path, 'utf8')).files));
  for (const [path, { mutants }] of measured)
    for (const { status, location, mutatorName, replacement } of mutants.filter(isMissed)) {
      const { line, column } = location.start;
      console.log(`${status}\t${path}:${line}:${column}\t${mutatorName}\t${replacement}`);
    }
  for (const [path, { mutants }] of measured) console.log(`${scoreOf(mutants)}\t${path}`);
  console.log(`${scoreOf(measured.flatMap(([, { mutants }]) => mutants))}\tin all`);
  if (measured.some(([, { mutants }]) => shareOf(mutants) < least)) process.exitCode = 1;
}

function isMissed({ status }) {
  return status === 'Survived' || status === 'NoCoverage';
}

/** Mutants that were killed or timed out, of all that could run; percent. */
function shareOf(mutants) {
  const tried = mutants.filter((mutant) => isMissed(mutant) || ['Killed', 'Timeout'].includes(mutant.status));
  return tried.length === 0 ? 100 : 100 - (100 * tried.filter(isMissed).length) / tried.length;
}

function scoreOf(mutants) {
  const missed = mutants.filter(isMissed).length;
  return `${shareOf(mutants).toFixed(1)} %\t${mutants.length - missed} of ${mutants.length}`;
}
