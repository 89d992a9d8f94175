/** The benchmarks are plain scripts, which no compiler reads: what they import of the built program must be there. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listFiles, readText, root } from './support/source-tree.js';

const named = /(?:import|const) \{([^}]+)\} (?:from|= await import)\s?\(?'[./]+dist\/(src\/[^']+)\.js'/g;

/** Path of the module, and the name that is imported from it. */
const imported = listFiles(['bench'], ['.mjs']).flatMap((bench) =>
  [...readText(bench).matchAll(named)].flatMap(([, names = '', module = '']) =>
    names.split(',').map((name) => [bench, name.trim().split(/ as |:/)[0] ?? '', module] as const),
  ),
);

it('finds what benchmarks import', () => {
  expect(imported.length).toBeGreaterThan(20);
});

it.each(imported)('%s imports %s from %s', async (_bench, name, module) => {
  expect(await import(join(root, `${module}.ts`))).toHaveProperty(name);
});
