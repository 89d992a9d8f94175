/** docs/threats.md is true: every row of the specification stands there, and every test that it names is there. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { surfaces } from './hostile/surface.js';
import { readText, root } from './support/source-tree.js';
import { numbered, readTestTable } from './support/test-table.js';

const wanted = [
  ...numbered('L', 21),
  ...numbered('C', 7),
  ...numbered('M', 8),
  ...numbered('A', 11),
  ...numbered('S', 8),
];

const manual = readText('docs/threats.md');
const rows = readTestTable(manual);

/** The table about MCP servers has no ids. */
const beyond = [...manual.matchAll(/^\| ([^|]+) \| `(test\/[^`]+\.ts)` (.+) \|$/gm)].map(
  ([, what = '', file = '', title = '']) => ({ what, file, title }),
);

describe('docs/threats.md', () => {
  it('has every row, in order', () => {
    expect([...new Set(rows.map(({ id }) => id))]).toEqual(wanted);
  });

  it.each(rows)('$id is shown by a test of that title: $file', ({ file, title }) => {
    expect(readText(file)).toContain(title);
  });

  it('has a table of what the official MCP suite does not judge', () => {
    expect(beyond.length).toBeGreaterThan(30);
  });

  it.each(beyond)('$what: shown by a test of that title: $file', ({ file, title }) => {
    expect(readText(file)).toContain(title);
  });

  it('names no file that is not there', () => {
    const files = [...manual.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(wanted.length);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  describe('surfaces of hostile input', () => {
    const listed = new Map(
      [...manual.matchAll(/^\| `([a-z_]+)` \| (`test\/.+) \|$/gm)].map(([, surface = '', files = '']) => [
        surface,
        [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
      ]),
    );
    const short = manual.slice(manual.indexOf('## Not shown'));

    it('are those of the specification, in order', () => {
      expect([...listed.keys()]).toEqual(surfaces);
    });

    it.each(surfaces)('%s stands in 60 rows that are counted, or is named as shorter', (surface) => {
      const counted = (listed.get(surface) ?? []).filter((file) =>
        new RegExp(`expectRows\\(\\s*'${surface}'`).test(readText(file)),
      );
      expect(counted.length > 0).toBe(!short.includes(`\`${surface}\``));
    });
  });
});
