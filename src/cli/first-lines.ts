/** Shortens lists that may be as long as the store, and says how to get the rest. */

const mostLines = 20;

/** The lines, or the first 20 of them and one that says how many more there are. @param rest what prints them all */
export function firstLines(lines: readonly string[], rest = '--json prints all'): readonly string[] {
  const more = lines.length - mostLines;
  return more <= 0 ? lines : [...lines.slice(0, mostLines), `and ${more} more: ${rest}`];
}
