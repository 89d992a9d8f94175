/** What stands at the end of a command's help: lines to be copied. */

/** For `addHelpText('after', …)`. Tests hold each line against the command that it names. */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  return ['', title, ...lines.map((line) => `  $ valetkey ${line}`)].join('\n');
}
