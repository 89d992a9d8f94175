/**
 * Mutation testing with Stryker: `npm run mutate [-- [--static] [<chunk>…] [<file>…]]`. Files narrow the chunks down. Not part
 * of the tests: a mutant takes about a second.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What is mutated, and the tests that are to notice. */
const chunks = {
  values: {
    mutate: ['scope', 'secret', 'return-to', 'identifiers', 'parse-input', 'kept-parameters', 'endpoint'].map(core),
    tests: ['scope', 'secret', 'return-to', 'identifiers', 'parse-input', 'kept-parameters', 'endpoint'].map(coreTest),
  },
  responses: {
    mutate: ['callback-check', 'authorization-response', 'token-set', 'mcp-server', 'events', 'audit'].map(core),
    tests: [
      ...['authorization-response', 'token-set', 'connection-parameters', 'errors'].map(coreTest),
      'test/flows/callback-values.test.ts',
      'test/flows/mcp-*.test.ts',
    ],
  },
  states: {
    mutate: ['refresh-state', 'connection', 'connect'].map(core),
    tests: ['refresh-state', 'refresh-state-lost-answer', 'refresh-document', 'refresh-failure', 'connection'].map(
      coreTest,
    ),
  },
  errors: { mutate: ['errors'].map(core), tests: ['test/core/errors.test.ts', 'test/routes/problems.test.ts'] },
  provider: {
    mutate: ['provider', 'mcp-policy'].map(core),
    tests: ['test/core/connection-parameters.test.ts', 'test/providers/registry.test.ts'],
  },
  proof: {
    mutate: ['prove-person', 'chat-person', 'browser-binding', 'one-time-values'].map(flow),
    tests: ['test/flows/one-time-values.test.ts', 'test/flows/chat-person.test.ts', 'test/flows/proof.test.ts'],
  },
  callers: { mutate: ['src/service/caller-auth.ts'], tests: ['test/service/caller-*.test.ts'] },
  keys: {
    mutate: ['src/service/api-keys.ts', 'src/service/revoked-callers.ts'],
    tests: ['test/service/api-keys.test.ts', 'test/service/caller-*.test.ts'],
  },
};

function core(name) {
  return `src/core/${name}.ts`;
}

function coreTest(name) {
  return `test/core/${name}.test.ts`;
}

function flow(name) {
  return `src/flows/${name}.ts`;
}

const statics = process.argv.includes('--static');
const wanted = process.argv.slice(2).filter((word) => word !== '--static' && !word.includes('/'));
const files = process.argv.slice(2).filter((word) => word.includes('/'));
for (const name of wanted.length > 0 ? wanted : Object.keys(chunks)) {
  const chunk = chunks[name];
  if (chunk === undefined)
    throw new Error(`There is no chunk of that name. There are: ${Object.keys(chunks).join(', ')}.`);
  mkdirSync('reports/mutation', { recursive: true });
  const file = `reports/mutation/${name}`;
  const options = {
    mutate: chunk.mutate.filter((path) => files.length === 0 || files.includes(path)),
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    // What runs when a module is loaded (schemas, tables) would cost a whole run of the tests for each mutant.
    ignoreStatic: !statics,
    concurrency: 2,
    timeoutMS: 10_000,
    reporters: ['json'],
    jsonReporter: { fileName: `${file}.json` },
    tempDirName: 'reports/stryker-tmp',
    allowEmpty: true,
    disableTypeChecks: false,
    // TypeScript 7 has no compiler API, with which Stryker would rewrite paths in it: there are none to rewrite.
    tsconfigFile: 'none',
    ignorePatterns: ['dist', 'coverage', 'data', 'reports'],
  };
  writeFileSync(`${file}.config.json`, JSON.stringify(options));
  const env = { ...process.env, MUTATE_TESTS: chunk.tests.join(',') };
  const { status } = spawnSync('node_modules/.bin/stryker', ['run', `${file}.config.json`], { env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  report(name, JSON.parse(readFileSync(`${file}.json`, 'utf8')));
}

/** Score per file, and every survivor with its place: `killed + timed out` of all that were covered by a schema or a line. */
function report(name, { files }) {
  for (const [path, { mutants }] of Object.entries(files)) {
    const count = (...states) => mutants.filter(({ status }) => states.includes(status)).length;
    const [detected, missed] = [count('Killed', 'Timeout'), count('Survived', 'NoCoverage')];
    const score = detected + missed === 0 ? 100 : (100 * detected) / (detected + missed);
    console.log(`${name}\t${path}\t${score.toFixed(1)} %\t${detected} of ${detected + missed}`);
    for (const { status, location, mutatorName, replacement } of mutants)
      if (status === 'Survived' || status === 'NoCoverage')
        console.log(
          `  ${status}\t${path}:${location.start.line}:${location.start.column}\t${mutatorName}\t${replacement}`,
        );
  }
}
