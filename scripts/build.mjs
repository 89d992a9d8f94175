/** `npm run build`: compiles to dist/ and puts the files that are not TypeScript beside it. `--if-changed` looks first. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folders = ['src', 'routes', 'providers'];
const settingFiles = [
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.client.json',
  'package.json',
  'scripts/build.mjs',
  'scripts/bundle-command.mjs',
];
const stamp = '.built';

/** Whether dist/ was made after the last change of what it is made from. */
function isBuilt() {
  const made = join(root, 'dist', stamp);
  if (!existsSync(made)) return false;
  const { mtimeMs } = statSync(made);
  return sources().every((path) => statSync(path).mtimeMs <= mtimeMs);
}

/**
 * Compiles beside dist/ and then takes its place: what runs from the old one is not disturbed.
 *
 * @param options.onlyIfChanged leaves dist/ alone when it is newer than all that it is made from
 */
export function build({ onlyIfChanged = false } = {}) {
  if (onlyIfChanged && isBuilt()) return;
  const draft = join(root, `dist-${process.pid}`);
  const old = `${draft}-old`;
  const begun = new Date();
  try {
    compile('tsconfig.build.json', draft);
    compileClient(draft);
    bundleCommand(draft);
    for (const folder of folders) copyAssets(folder, draft);
    // Somebody else may have built the same in the meantime.
    if (onlyIfChanged && isBuilt()) return;
    writeFileSync(join(draft, stamp), '');
    // A source that changes while the compiler runs is newer than what it made.
    utimesSync(join(draft, stamp), begun, begun);
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(draft, join(root, 'dist'));
  } finally {
    for (const folder of [draft, old]) rmSync(folder, { recursive: true, force: true });
  }
}

function sources() {
  const inside = (folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name));
  return [...folders.flatMap(inside), ...settingFiles].map((path) => join(root, path));
}

/** The client once more as CommonJS; its own package.json says so to Node. */
function compileClient(draft) {
  const outDir = join(draft, 'cjs');
  compile('tsconfig.client.json', outDir);
  writeFileSync(join(outDir, 'package.json'), '{"type":"commonjs"}\n');
}

/** Only the command itself needs its files, and it starts sooner when they are few. */
function bundleCommand(draft) {
  const args = [join(root, 'scripts/bundle-command.mjs'), join(draft, 'src/cli')];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The command cannot be bundled.');
}

function compile(project, outDir) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  // What is unused is for `npm run types` to say; it keeps nobody from starting.
  const settings = ['--outDir', outDir, '--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];
  const args = [tsc, '-p', project, ...settings];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The sources do not compile.');
}

function copyAssets(folder, outDir) {
  for (const name of readdirSync(join(root, folder), { recursive: true })) {
    if (!['', '.ts'].includes(extname(name))) cpSync(join(root, folder, name), join(outDir, folder, name));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build({ onlyIfChanged: process.argv.includes('--if-changed') });
}
