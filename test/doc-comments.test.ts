import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, type SourceFile } from './support/source-tree.js';

const sources = readSources(['src', 'routes', 'providers']);
const byPath = new Map(sources.map((file) => [file.path, file]));

const declaration = /^export (?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (\w+)/;

/** One exported declaration; `line` counts from 0. */
interface Exported {
  readonly file: SourceFile;
  readonly name: string;
  readonly line: number;
}

function exportsOf(file: SourceFile): Exported[] {
  return file.code.split('\n').flatMap((text, line) => {
    const name = declaration.exec(text)?.[1];
    return name === undefined ? [] : [{ file, name, line }];
  });
}

/**
 * Whether a reader is told what it is: by a comment right above; by that of the schema right above whose type it is; or,
 * where a file exports one thing only, by the sentence that opens the file.
 */
function isDocumented({ file, name, line }: Exported): boolean {
  const lines = file.text.split('\n');
  if (lines[line - 1]?.endsWith('*/')) return true;
  if (exportsOf(file).length === 1) return /^\/\*\*/.test(file.text);
  const isInferred = new RegExp(`^export type ${name} = .*(z\\.(infer|output)<|typeof )`).test(lines[line] ?? '');
  return isInferred && hasCommentAbove(lines, line - 1);
}

/** Walks from the last line of a declaration to its first, and looks above that. */
function hasCommentAbove(lines: readonly string[], last: number): boolean {
  let first = last;
  while (first > 0 && lines[first] !== '' && !/^(export )?const /.test(lines[first] ?? '')) first -= 1;
  return /^(export )?const /.test(lines[first] ?? '') && lines[first - 1]?.endsWith('*/') === true;
}

/** Where each name that a face exports is declared, through every re-export. */
function facesOf(path: string): Exported[] {
  const file = byPath.get(path);
  if (file === undefined) throw new Error(`${path} is not in the tree`);
  const target = (from: string) => posix.join(posix.dirname(path), from).replace(/\.js$/, '.ts');
  const all = [...file.code.matchAll(/^export (?:type )?\* from '([^']+)'/gm)].flatMap(([, from = '']) =>
    facesOf(target(from)),
  );
  const named = [...file.code.matchAll(/^export (?:type )?\{([^}]+)\} from '([^']+)'/gm)].flatMap(
    ([, list = '', from = '']) => {
      const offered = facesOf(target(from));
      const names = list.split(',').map((name) => name.replace(/^\s*type /, '').trim());
      return names.filter((name) => name !== '').map((name) => offered.find((one) => one.name === name) ?? name);
    },
  );
  const lost = named.filter((one) => typeof one === 'string');
  expect(lost, `${path} exports what nobody declares`).toEqual([]);
  return [...exportsOf(file), ...all, ...named.filter((one) => typeof one !== 'string')];
}

const show = ({ file, name, line }: Exported) => `${file.path}:${line + 1} ${name}`;

describe('every exported symbol', () => {
  const all = sources.flatMap(exportsOf);

  it('of src, routes and providers has its doc comment', () => {
    console.log(`${all.length} exported symbols, ${all.filter(isDocumented).length} with a doc comment`);
    expect(all.length).toBeGreaterThan(1200);
    expect(all.filter((one) => !isDocumented(one)).map(show)).toEqual([]);
  });

  it.each([
    ['src/index.ts', 60],
    ['src/client/index.ts', 40],
    ['src/fastify.ts', 5],
    ['src/mcp/index.ts', 8],
  ])('that %s offers is declared with one', (face, least) => {
    const offered = facesOf(face);
    console.log(`${face}: ${offered.length} names`);
    expect(offered.length).toBeGreaterThanOrEqual(least);
    expect(offered.filter((one) => !isDocumented(one)).map(show)).toEqual([]);
  });
});
