/** Reads the source files of this repository and what they import, for the tests that check the house rules. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One file; `path` is relative to the root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** The text without comments, with the same number of lines. */
  readonly code: string;
  /** Its imports, types too: a path relative to the root, or the name of a package or of a module of Node. */
  readonly imports: readonly string[];
}

/** Reads one file of this repository as text. */
export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Lists the files below these folders (relative to the root) that end in one of `endings`; a missing folder has none. */
export function listFiles(folders: readonly string[], endings: readonly string[]): string[] {
  return folders
    .flatMap((folder) => readFolder(join(root, folder)))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => relative(root, path).split(sep).join('/'))
    .sort();
}

function readFolder(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Reads TypeScript files; the formatter ensures that all imports have the same form. */
export function readSources(folders: readonly string[]): SourceFile[] {
  return listFiles(folders, ['.ts']).map((path) => {
    const text = readText(path);
    const code = withoutComments(text);
    return { path, text, code, imports: findImports(path, code) };
  });
}

/** Removes comments that begin a line or follow a space, so that `//` inside a URL stays. */
function withoutComments(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ');
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, blank).replace(/(^|\s)\/\/ .*$/gm, blank);
}

function findImports(path: string, code: string): string[] {
  const statement = /^\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'/gm;
  const expression = /\bimport\(\s*'([^']+)'/g;
  const found = [...code.matchAll(statement), ...code.matchAll(expression)].flatMap((match) => match[1] ?? []);
  return [...new Set(found.map((name) => (name.startsWith('.') ? resolveImport(path, name) : name)))];
}

function resolveImport(path: string, name: string): string {
  return posix.join(dirname(path), name).replace(/\.js$/, '.ts');
}

/** The package of an import: `@scope/name/part` -> `@scope/name`; `undefined` for a file of ours. */
export function packageOf(name: string): string | undefined {
  if (/^(src|routes|providers|test|scripts|examples|bench)\//.test(name) || name.endsWith('.ts')) return undefined;
  if (name.startsWith('node:')) return name;
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
