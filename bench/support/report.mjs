/** Prints results as Markdown tables; `npm run bench` puts them together in RESULTS.md. */

import { parseArgs } from 'node:util';

/** Prints one table. `goal` is only shown beside the figure; missing it is no failure, since machines differ. */
export function printTable(title, columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  console.log(`\n### ${title}\n`);
  console.log(line(columns));
  console.log(line(columns.map(() => '---')));
  for (const row of rows) console.log(line(row));
}

/** One sentence below a table. */
export function printNote(text) {
  console.log(`\n${text}`);
}

/** 12345.6 as `12,346`, 0.1234 as `0.12`. */
export function shown(figure) {
  return figure >= 100 ? Math.round(figure).toLocaleString('en-US') : figure.toFixed(2);
}

/** Whole numbers of the command line by name, with their defaults: `--users 5000`. */
export function readCounts(defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options });
  return Object.fromEntries(
    Object.entries(defaults).map(([name, usual]) => {
      const count = Number(values[name] ?? usual);
      if (!Number.isInteger(count) || count < 1) throw new TypeError(`--${name} takes a whole number above 0`);
      return [name, count];
    }),
  );
}
