/** docs/parity.md is true: every case of the other suite stands there, and every test that it names is there. */

import { describe, expect, it } from 'vitest';
import { readText } from './support/source-tree.js';
import { numbered, readTestTable } from './support/test-table.js';

const rows = readTestTable(readText('docs/parity.md'));

describe('docs/parity.md', () => {
  it('has each of the 46 cases once, in order', () => {
    expect(rows.map(({ id }) => id)).toEqual(numbered('P', 46));
  });

  it.each(rows)('$id is shown by a test of that title: $file', ({ file, title }) => {
    expect(readText(file)).toContain(title);
  });
});
