/** Tables of the manual whose last column names a test: its file, then its title. */

/** One row. */
export interface NamedTest {
  readonly id: string;
  readonly file: string;
  /** A test's title in that file, or a part of it. */
  readonly title: string;
}

/** The rows of such a table: `| id | what | file title |`. */
export function readTestTable(manual: string): readonly NamedTest[] {
  return [...manual.matchAll(/^\| `([A-Z]\d+)` \| [^|]+ \| `([^`]+)` (.+) \|$/gm)].map(
    ([, id = '', file = '', title = '']) => ({ id, file, title }),
  );
}

/** `L1`, `L2`, … */
export function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${letter}${at + 1}`);
}
