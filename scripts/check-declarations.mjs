/** Checks the types of the package as npm would publish it, for each of its entry points (attw). Needs a build. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'valetkey-package-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

// Without scripts, which would build again.
run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory]);
const [archive = ''] = readdirSync(directory);
const types = (...args) =>
  run('attw', [join(directory, archive), '--format', 'ascii', '--no-emoji', '--no-definitely-typed', ...args]);
// The client is for both module systems. The others are ESM: CommonJS has to use `import()`.
types('--profile', 'node16', '--entrypoints', './client');
types('--profile', 'esm-only', '--exclude-entrypoints', './client');

function run(program, args) {
  const { status } = spawnSync(program, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}
