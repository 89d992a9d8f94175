/** Finds the programs that the tests start (Redis, Chromium, Python), and installs them where possible. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How to find each: the environment variable with its path, its names on PATH, its Debian package, and advice. */
const TOOLS = {
  redis: {
    variable: 'REDIS_SERVER_PATH',
    names: ['redis-server', 'valkey-server'],
    debianPackage: 'redis-server',
    advice: 'The tests need redis-server (or valkey-server) on PATH: install Redis 7 with your package manager.',
  },
  chromium: {
    variable: 'CHROMIUM_PATH',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
    advice: 'The tests need Chromium on PATH: install Chromium or Chrome, or set CHROMIUM_PATH to its program.',
  },
  python: {
    variable: 'PYTHON_PATH',
    names: ['python3'],
    debianPackage: 'python3',
    advice: 'The tests need python3 on PATH, for a client that is made from the OpenAPI document: install Python 3.',
  },
};

/**
 * Finds these programs; as root on Debian and Ubuntu, installs the missing ones.
 *
 * @returns {Record<string, string>} REDIS_SERVER_PATH, CHROMIUM_PATH and PYTHON_PATH, absolute paths
 * @throws {Error} with one sentence that says what to install
 */
export function bringTools() {
  const missing = Object.values(TOOLS).filter((tool) => !findTool(tool));
  if (missing.length > 0 && canInstall()) install(missing.map((tool) => tool.debianPackage));
  return Object.fromEntries(
    Object.values(TOOLS).map((tool) => {
      const path = findTool(tool);
      if (!path) throw new Error(tool.advice);
      return [tool.variable, path];
    }),
  );
}

function findTool({ variable, names }) {
  const given = process.env[variable];
  if (given) {
    if (!isProgram(given)) throw new Error(`${variable} does not name a program that can be run.`);
    return given;
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function canInstall() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** RUNLEVEL=1 keeps the package from starting a Redis. A failure is noticed when the program is not found afterwards. */
function install(packages) {
  console.log(`Installing ${packages.join(' and ')} with apt-get ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const retries = ['-o', 'Acquire::Retries=3'];
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const run = spawnSync('apt-get', ['-qq', ...retries, ...args], { env, encoding: 'utf8' });
    if (run.status !== 0) console.error(`apt-get ${args[0]} failed:\n${run.stderr ?? run.error?.message ?? ''}`);
  }
}
