/** `npm test`: installs what the tests need, builds, runs all tests, and ends with the line `N passed, N failed`. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringTools } from './bring-tools.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const forwarded = process.argv.slice(2);
/** A name filter skips tests on purpose; without one, a test that did not run is a failure. */
const isFiltered = forwarded.some((argument) => /^(-t|--testNamePattern)(=|$)/.test(argument));

/** npm ci fails if a mirror lacks packages of other platforms; npm install follows the lock file, too. */
function installPackages() {
  const { dependencies, devDependencies } = readJson(join(root, 'package.json'));
  const wanted = Object.entries({ ...dependencies, ...devDependencies });
  const isThere = ([name, version]) => {
    const path = join(root, 'node_modules', name, 'package.json');
    return existsSync(path) && readJson(path).version === version;
  };
  if (wanted.every(isThere)) return;
  console.log('Installing packages ...');
  runOrThrow('npm', ['install', '--no-save', '--no-audit', '--no-fund'], 'npm install failed.');
}

function build() {
  runOrThrow(process.execPath, ['scripts/build.mjs'], 'The build failed.');
}

function runOrThrow(command, args, failure) {
  const run = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (run.status !== 0) throw new Error(failure);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Resolves with vitest's exit code. It and its child processes are one process group, so that none stays behind. */
function runVitest(reportPath, tools) {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`, ...forwarded];
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...tools },
    detached: true,
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => endGroup(child.pid, signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      endGroup(child.pid, 'SIGTERM');
      resolve(code ?? 1);
    });
  });
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Counts a skipped test, a file that could not be loaded and an error outside every test as failures. */
function count(reportPath, exitCode) {
  if (!existsSync(reportPath)) return { passed: 0, failed: 1 };
  const report = readJson(reportPath);
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const left = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  for (const file of broken) console.error(`Could not be run: ${file.name}`);
  if (!isFiltered) for (const test of left) console.error(`Did not run (counts as failed): ${test.fullName}`);
  const failed = tests.length - passed - left.length + broken.length + (isFiltered ? 0 : left.length);
  return { passed, failed: failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : failed };
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'valetkey-test-'));
  const reportPath = join(folder, 'report.json');
  try {
    installPackages();
    const tools = bringTools();
    build();
    return count(reportPath, await runVitest(reportPath, tools));
  } catch (error) {
    console.error(error.message);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { passed, failed } = await main();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
