/** `npm start`: installs and builds if something changed since the last time, then serves. Needs no packages itself. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist/src/cli/main.js');

prepare();
if (existsSync('.env')) process.loadEnvFile('.env');
endWithNpm();
process.argv = [process.execPath, program, 'serve', '--sandbox-if-unconfigured', ...process.argv.slice(2)];
await import(pathToFileURL(program).href);

/**
 * A SIGTERM for npm ends npm and the shell between, and never reaches this process. So losing the parent process means
 * that it has to stop.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
