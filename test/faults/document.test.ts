/** docs/faults.md names a test for every row of the threats R and F, and each of them exists. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readText, root } from '../support/source-tree.js';

const rows = readText('docs/faults.md')
  .split('\n')
  .filter((line) => /^\| [RF]\d+ /.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .map(([, row = '', , file = '', title = '']) => ({ row, file, title }));

it('has every row from R1 to R23 and from F1 to F17', () => {
  const wanted = [
    ...Array.from({ length: 23 }, (_, index) => `R${index + 1}`),
    ...Array.from({ length: 17 }, (_, index) => `F${index + 1}`),
  ];
  expect([...new Set(rows.map(({ row }) => row))]).toEqual(wanted);
});

it.each(rows)('$row: $file has "$title"', ({ file, title }) => {
  expect(existsSync(join(root, file))).toBe(true);
  const titles = [...readText(file).matchAll(/(?:it|test)(?:\.each\([\s\S]*?\))?\(\s*(['"`])([\s\S]*?)\1,/g)];
  expect(titles.map(([, , text]) => text).filter((text) => text?.includes(title))).not.toEqual([]);
});
