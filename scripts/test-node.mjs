/** `npm run test:node -- 22`: runs the checks and all tests under another version of Node, kept in `.cache/`. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [version, ...forwarded] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(version ?? '')) {
  console.error('Say which version: npm run test:node -- 22');
  process.exit(2);
}

const folder = join(root, '.cache', `node-${version}`);
const bin = join(folder, 'node_modules', '.bin');
const run = (command, args, env = process.env) => spawnSync(command, args, { cwd: root, stdio: 'inherit', env }).status;

// The npm package "node" is the official binary. It is first on PATH, so that npm and every child process use it.
if (!existsSync(join(bin, 'node'))) {
  const failed = run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `node@${version}`]) !== 0;
  if (failed) process.exit(1);
}
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
run('node', ['--version'], env);
const checked = run('npm', ['run', 'check'], env);
const tested = run('node', ['scripts/test.mjs', ...forwarded], env);
process.exitCode = checked === 0 && tested === 0 ? 0 : 1;
