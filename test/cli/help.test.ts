import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { paint } from '../../src/cli/terminal.js';
import { run } from '../support/command-line.js';
import { readText } from '../support/source-tree.js';
import { pretendTerminal } from '../support/terminal.js';

/** The commands that stand in a help text. */
async function commandsIn(path: readonly string[]): Promise<string[][]> {
  const { out } = await run([...path, '--help'].join(' '));
  const [, list = ''] = out.split('Commands:\n');
  const names = [...(list.split('\n\n')[0]?.matchAll(/^ {2}([a-z-]+)/gm) ?? [])].map(([, name = '']) => name);
  const own = names.filter((name) => name !== 'help');
  if (own.length === 0) return [[...path]];
  // One after the other: two that print at once would read each other's help.
  const found: string[][] = [];
  for (const name of own) found.push(...(await commandsIn([...path, name])));
  return found;
}

const commands = await commandsIn([]);
const manual = readText('docs/cli.md');

it('there are the commands of the manual', () => {
  expect(commands.map((path) => path.join(' '))).toEqual([
    'serve',
    'doctor',
    'connections list',
    'connections show',
    'connections disconnect',
    'connections retry',
    'api-keys create',
    'api-keys list',
    'api-keys revoke',
    'audit tail',
    'audit export',
    'keys generate',
    'keys list',
    'keys rotate',
    'keys verify',
    'keys forget',
    'link connect',
    'link account',
    'import',
    'export',
    'migrate',
    'sandbox',
    'worker',
    'webhooks list',
    'webhooks replay',
  ]);
});

describe.each(commands)('the help of %s %s', (...path) => {
  const words = path.filter(Boolean);

  it('says what it does, knows --json, and has examples that it would take', async () => {
    const { status, out } = await run([...words, '--help'].join(' '));
    expect(status).toBe(0);
    expect(out).toMatch(/^Usage: valetkey .*\n\n\S/);
    expect(out).toContain('--json');
    const examples = [...out.matchAll(/^ {2}\$ valetkey (.+)$/gm)].map(([, line = '']) => line);
    expect(examples.length).toBeGreaterThan(0);
    for (const line of examples) {
      expect(line.startsWith(words.join(' ')), line).toBe(true);
      for (const option of line.match(/--[a-z-]+/g) ?? []) expect(out.split('Example')[0], line).toContain(option);
    }
  });
});

describe.each(commands)('the manual about %s %s', (...path) => {
  const words = path.filter(Boolean).join(' ');
  const rows = manual.split('\n').filter((line) => line.startsWith(`| \`valetkey ${words}`));

  it('has one row for it, which names each of its options and no other', async () => {
    expect(rows).toHaveLength(1);
    const { out } = await run(`${words} --help`);
    const options = [...(out.split('Example')[0] ?? '').matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(
      ([, name]) => name,
    );
    const named: readonly string[] = rows[0]?.match(/--[a-z-]+/g) ?? [];
    const own = options.filter((name) => name !== '--help');
    expect(own.filter((name) => !named.includes(name ?? ''))).toEqual([]);
    expect(named.filter((name) => !own.includes(name))).toEqual([]);
  });
});

it.each([...new Set(commands.flatMap((path) => ['', path[0] ?? '', path.join(' ')]))].map((name) => [name]))(
  'the help of "%s" fits a terminal of 80 columns',
  async (name) => {
    const { out } = await run(`${name} --help`.trim());
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

it('exit statuses stand in the help', async () => {
  expect((await run('--help')).out).toContain(
    'Exit status: 0 done, 1 failed, 2 wrong command line, 78 wrong configuration.',
  );
});

describe('colours', () => {
  const on = (isTTY: boolean, noColor?: string) => {
    pretendTerminal(process.stdout, isTTY);
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('NO_COLOR', noColor ?? '');
    return paint('bad', 'fault');
  };

  it('are for a terminal that wants them', () => {
    expect(on(true)).toBe('\x1b[31mfault\x1b[0m');
    expect(on(false)).toBe('fault');
    expect(on(true, '1')).toBe('fault');
  });
});
