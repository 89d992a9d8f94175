/** Examples at the end of a command's help, to be copied. */

/** For `addHelpText('after', …)`. Tests check each line against the command that it names. */
export function examples(...lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  return ['', title, ...lines.map((line) => `  $ valetkey ${line}`)].join('\n');
}
