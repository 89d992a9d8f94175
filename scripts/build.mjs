/** `npm run build`: compiles to dist/ and copies the files that are not TypeScript. `--if-changed`: only if needed. */

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

/** Whether dist/ is newer than all of its sources. */
function isBuilt() {
  const made = join(root, 'dist', stamp);
  if (!existsSync(made)) return false;
  const { mtimeMs } = statSync(made);
  return sources().every((path) => statSync(path).mtimeMs <= mtimeMs);
}

/**
 * Compiles into another folder, which then replaces dist/: programs that run from the old one are not disturbed.
 *
 * @param options.onlyIfChanged leaves dist/ alone if it is newer than all of its sources
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
    // Another process may have built the same in the meantime.
    if (onlyIfChanged && isBuilt()) return;
    writeFileSync(join(draft, stamp), '');
    // The time of the beginning, so that a source that changes while the compiler runs counts as newer.
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

/** Compiles the client as CommonJS as well; a package.json of its own tells that to Node. */
function compileClient(draft) {
  const outDir = join(draft, 'cjs');
  compile('tsconfig.client.json', outDir);
  writeFileSync(join(outDir, 'package.json'), '{"type":"commonjs"}\n');
}

/** Bundles the command's files, which nothing else imports, as it starts sooner with few files. */
function bundleCommand(draft) {
  const args = [join(root, 'scripts/bundle-command.mjs'), join(draft, 'src/cli')];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The command cannot be bundled.');
}

function compile(project, outDir) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  // Unused names are reported by `npm run types`, and must not keep anybody from starting.
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
