/** Makes this tree ready to run: checks Node, installs the packages, builds. Needs no packages itself. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Installs and builds if something changed since the last time; ends the process if that fails. */
export function prepare() {
  checkNode();
  if (!isInstalled()) install();
  build({ onlyIfChanged: true });
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Valetkey needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/**
 * npm writes its own lock file into node_modules after every installation. After a copy or a new clone the times of both
 * files mean nothing; their content does.
 */
export function isInstalled(folder = root) {
  const [installed, wanted] = ['node_modules/.package-lock.json', 'package-lock.json'].map((name) =>
    join(folder, name),
  );
  if (!existsSync(installed)) return false;
  return statSync(installed).mtimeMs >= statSync(wanted).mtimeMs || namesAll(installed, wanted);
}

/** Packages for other systems are optional, and may be missing. */
function namesAll(installed, wanted) {
  const [there, named] = [installed, wanted].map((path) => JSON.parse(readFileSync(path, 'utf8')).packages);
  const isThere = ([place, { version, optional }]) =>
    there[place] === undefined ? optional === true : there[place].version === version;
  return Object.entries(named).every((entry) => entry[0] === '' || isThere(entry));
}

/**
 * `npm install`, not `npm ci`: a mirror of the registry may lack a file that the lock file names for another system, and
 * `npm ci` then installs nothing at all. The versions are the locked ones in both cases.
 */
function install() {
  console.log('Installing packages (first start, or package-lock.json changed) ...');
  const args = ['install', '--no-save', '--no-audit', '--no-fund'];
  // npm is a script on Windows, and only a shell runs those.
  const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
  utimesSync(join(root, 'node_modules/.package-lock.json'), new Date(), new Date());
}
