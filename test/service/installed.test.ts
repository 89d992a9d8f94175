/** `npm start` installs when the packages are others than the lock file names, and not because of the times of files. */

import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { root } from '../support/source-tree.js';

async function isInstalled(tree: string): Promise<boolean> {
  const script = pathToFileURL(join(root, 'scripts/prepare.mjs')).href;
  const prepare: { isInstalled: (folder: string) => boolean } = await import(script);
  return prepare.isInstalled(tree);
}

/** A tree whose lock file is younger than its packages, as in a clone beside packages from a cache. */
function copiedTree(versions: Readonly<Record<string, string>>): string {
  const tree = mkdtempSync(join(tmpdir(), 'valetkey-installed-'));
  onTestFinished(() => rmSync(tree, { recursive: true }));
  const wanted = join(tree, 'package-lock.json');
  const installed = join(tree, 'node_modules/.package-lock.json');
  mkdirSync(join(tree, 'node_modules'));
  const elsewhere = { version: '1.0.0', optional: true };
  const named = { '': { version: '0.1.0' }, 'node_modules/a': { version: '1.2.3' }, 'node_modules/b': elsewhere };
  const there = Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }]);
  writeFileSync(wanted, JSON.stringify({ packages: named }));
  writeFileSync(installed, JSON.stringify({ packages: Object.fromEntries(there) }));
  utimesSync(installed, 1, 1);
  return tree;
}

it.each([
  ['of the versions that are named stay, also without what is for another system', { a: '1.2.3' }, true],
  ['are installed anew where one is of another version', { a: '1.2.2' }, false],
  ['are installed anew where one for this system is of another version', { a: '1.2.3', b: '0.9.0' }, false],
  ['are installed where one is not there', { b: '1.0.0' }, false],
])('packages %s', async (_title, installed, stays) => {
  expect(await isInstalled(copiedTree(installed))).toBe(stays);
});

it('packages are installed where none were', async () => {
  const tree = copiedTree({});
  rmSync(join(tree, 'node_modules'), { recursive: true });
  expect(await isInstalled(tree)).toBe(false);
});
