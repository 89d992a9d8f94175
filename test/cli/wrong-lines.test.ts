/** Command lines that cannot be meant: status 2 and a hint on stderr, and nothing was opened or made. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeDataDir } from '../service/running.js';
import { run } from '../support/command-line.js';
import { readText } from '../support/source-tree.js';

let made: ReturnType<typeof makeDataDir>;
const dataDir = () => join(made.path, 'data');

beforeEach(() => {
  made = makeDataDir();
  vi.stubEnv('DATA_DIR', dataDir());
  vi.stubEnv('BASE_URL', '');
  vi.stubEnv('LOG_LEVEL', 'silent');
});
afterEach(() => {
  process.exitCode = undefined;
  made.remove();
});

/** Each command with all that it needs and may be given as arguments. */
const whole = [
  'serve',
  'worker',
  'doctor',
  'connections list u1',
  'connections show u1 github',
  'connections disconnect u1 github',
  'connections retry u1',
  'api-keys create --owner me',
  'api-keys list',
  'api-keys revoke 5f1d6a1f7f2b4c10',
  'audit tail',
  'audit export',
  'keys generate',
  'keys list',
  'keys rotate',
  'keys verify',
  'keys forget k1',
  'import jsonl tokens.jsonl',
  'import valetkey export.jwe --identity key.json',
  'export --recipient key.json --out export.jwe',
  'migrate --to redis://localhost',
  'link connect u1 github',
  'link account u1',
  'webhooks list',
  'webhooks replay --since 1',
  'sandbox',
];

const lacking = [
  'connections show',
  'connections show u1',
  'connections disconnect',
  'connections disconnect u1',
  'api-keys create',
  'api-keys revoke',
  'keys forget',
  'import',
  'import jsonl',
  'import nango',
  'import better-auth',
  'import valetkey',
  'import valetkey export.jwe',
  'export --recipient key.json',
  'export --out export.jwe',
  'migrate',
  'link connect',
  'link connect u1',
  'link account',
  'webhooks replay',
];

const contradictory = [
  'import legacy-fernet tokens.jsonl',
  'import csv tokens.csv',
  'migrate --to redis://localhost --to-file redis-url',
  'keys frobnicate',
];

const impossible = [
  'api-keys create --owner me --tenant !',
  'api-keys create --owner me --providers !',
  'audit tail --lines 0',
  'audit tail --tenant !',
  'audit export --tenant !',
  'connections list --tenant !',
  'connections list u1 --tenant !',
  'connections retry --tenant !',
  'connections show u1 github --tenant !',
  'export --recipient key.json --out export.jwe --tenant !',
  'import jsonl tokens.jsonl --tenant !',
  'import jsonl tokens.jsonl --providers a',
  'link connect u1\u0001 github',
  'link account u1 --tenant !',
  'migrate --to localhost:6379',
  'webhooks list --tenant !',
  'webhooks replay --since 1 --tenant !',
];

it('every command of the manual stands in the table', () => {
  const manual = [...readText('docs/cli.md').matchAll(/^\| `valetkey ([a-z-]+(?: [a-z-]+)?)/gm)];
  expect(manual.length).toBeGreaterThan(10);
  for (const [, name = ''] of manual) expect(whole.filter((line) => line.startsWith(name))).not.toEqual([]);
});

it.each([
  ...whole.map((line) => `${line} superfluous`),
  ...whole.map((line) => `${line} --frobnicate`),
  ...lacking,
  ...contradictory,
])('"%s" is wrong', async (line) => {
  const { status, out, err } = await run(line);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toMatch(/^error: .+\n[\s\S]*add --help/);
  expect(existsSync(dataDir())).toBe(false);
});

it.each(impossible)('"%s" is wrong where there is a store, too', async (line) => {
  await run('api-keys create --owner me');
  const { status, out, err } = await run(line);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toMatch(/^error: .+\n[\s\S]*add --help/);
});

it.each(['keys', 'api-keys', 'audit', 'connections', 'link', 'webhooks'])(
  '"%s" alone prints on stderr what there is',
  async (line) => {
    const { status, out, err } = await run(line);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('Commands:');
  },
);
