/** What the machine refuses is told by what to change. */

import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { makeDataDir } from '../service/running.js';
import { keyEntry } from '../store/samples.js';
import { run } from '../support/command-line.js';

let made: ReturnType<typeof makeDataDir>;

beforeEach(() => {
  made = makeDataDir();
  vi.stubEnv('DATA_DIR', made.path);
  vi.stubEnv('BASE_URL', '');
  vi.stubEnv('LOG_LEVEL', 'silent');
});
afterEach(() => {
  process.exitCode = undefined;
  made.remove();
});

it('a port in use is named', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  vi.stubEnv('PORT', String(port));
  expect(await run('serve')).toEqual({
    status: 1,
    out: '',
    err: `Port ${port} is in use: set PORT (of a worker, WORKER_PORT) to another one.`,
  });
});

it('a start that is refused leaves no sandbox behind that nobody runs', async () => {
  await run('api-keys create --owner me');
  vi.stubEnv('ENCRYPTION_KEYS', keyEntry('other'));
  const { status, err } = await run('serve --sandbox-if-unconfigured');
  expect({ status, err }).toEqual({ status: 78, err: expect.stringContaining('is not available') });
  expect(readdirSync(made.path)).not.toContain('sandbox.json');
});

it('HOST is named when this machine has no such address', async () => {
  // Of the documentation's network (RFC 5737), which no machine has.
  vi.stubEnv('HOST', '192.0.2.1');
  expect(await run('serve')).toMatchObject({ status: 1, err: 'HOST is no address of this machine (EADDRNOTAVAIL).' });
});

it('DATA_DIR is named when it cannot be one', async () => {
  const file = join(made.path, 'file');
  writeFileSync(file, '');
  vi.stubEnv('DATA_DIR', file);
  const { status, err } = await run('link account me');
  expect({ status, err }).toEqual({
    status: 78,
    err: expect.stringMatching(/DATA_DIR: .* cannot be read or made \(/),
  });
});

it.each([
  ['DATA_DIR', 'cannot be read or made'],
  ['SPOOL_DIR', 'cannot be read and written'],
])('%s is named where no directory can be made, and where Node would try for ever (/proc)', async (name, problem) => {
  for (const path of ['/proc/none/valetkey', join(made.path, 'file', 'valetkey')]) {
    writeFileSync(join(made.path, 'file'), '');
    vi.stubEnv(name, path);
    const { status, err } = await run('link account me');
    expect({ status, err }).toEqual({ status: 78, err: expect.stringContaining(`  ${name}: ${path}`) });
    expect(err).toContain(problem);
  }
});

it('DATA_DIR is named by the sandbox, too, which makes nothing else there', async () => {
  vi.stubEnv('DATA_DIR', '/proc/none/valetkey');
  const { status, err } = await run('sandbox');
  expect({ status, err }).toEqual({ status: 78, err: expect.stringContaining('  DATA_DIR: /proc/none/valetkey') });
});

it('a place where nobody can look is not said to hold no store (a link to itself, as a directory of another user)', async () => {
  const loop = join(made.path, 'loop');
  symlinkSync('loop', loop);
  vi.stubEnv('DATA_DIR', loop);
  const { status, err } = await run('keys list');
  const problem = `  DATA_DIR: ${join(loop, 'valetkey.mdb')} cannot be read or made (ELOOP)`;
  expect({ status, err }).toEqual({ status: 78, err: expect.stringContaining(problem) });
});

it('a file that is not there is named', async () => {
  const { status, err } = await run('import jsonl /nowhere/tokens.jsonl');
  expect({ status, err }).toEqual({ status: 1, err: '/nowhere/tokens.jsonl: no such file or directory.' });
});

it('a directory where a file is wanted is named, and a file that holds nothing', async () => {
  const { status, err } = await run(`import jsonl ${made.path}`);
  expect({ status, err }).toEqual({ status: 1, err: `${made.path}: is a directory; name a file.` });
  const empty = join(made.path, 'empty.jsonl');
  writeFileSync(empty, '\n');
  const ended = await run(`import jsonl ${empty}`);
  expect(ended).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^0 created, .* 1 refused\.\nthe file\tempty$/),
  });
  writeFileSync(empty, '[]');
  expect(await run(`import jsonl ${empty}`)).toMatchObject({ status: 0 });
});

it.each([
  ['export --out out.jwe --recipient'],
  ['migrate --to-file'],
  ['import jsonl package.json --users'],
  ['import valetkey package.json --identity'],
])(
  'what is wrong with the file of "%s" is said by the option, and not its path: it may be the secret',
  async (line) => {
    const refused = async (path: string) => {
      const { status, out, err } = await run(`${line} ${path}`);
      expect({ status, out }).toEqual({ status: 1, out: '' });
      expect(err).not.toContain(path);
      return err.split(': ').slice(1).join(': ');
    };
    expect(await refused('/nowhere/key.json')).toBe('names a file that cannot be read: no such file or directory.');
    expect(await refused(made.path)).toBe('names a file that cannot be read: illegal operation on a directory.');
    const file = join(made.path, 'file');
    writeFileSync(file, '\ufeff\n');
    expect(await refused(file)).toBe('names a file that is empty.');
    writeFileSync(file, Buffer.from('\ufeff{}', 'utf16le'));
    expect(await refused(file)).toBe('names a file that is no UTF-8 text.');
  },
);

it('an option that holds no URL of Redis is named, and no variable', async () => {
  const { status, err } = await run('migrate --to localhost:6379');
  expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(/^error: --to: must be a URL with redis:/) });
  await run('api-keys create --owner me');
  const several = await run('migrate --to redis://a,b');
  expect(several).toMatchObject({ status: 2, err: expect.stringMatching(/^error: --to: several hosts need/) });
  const prefixed = await run('migrate --to redis://a --to-prefix {x}');
  expect(prefixed).toMatchObject({ status: 2, err: expect.stringMatching(/^error: --to-prefix: must be/) });
});

it('a provider that nobody knows is no limit for a key, and what may be meant is named', async () => {
  await run('doctor --offline'); // makes the store
  vi.stubEnv('GITHUB_CLIENT_ID', 'x');
  vi.stubEnv('GITHUB_CLIENT_SECRET', 'x');
  const create = (providers: string) => run(`api-keys create --owner me --json --providers ${providers}`);
  expect(await create('github,gihub')).toEqual({
    status: 1,
    out: '',
    err: '--providers: number 2 is neither in the catalogue nor configured; is github meant?',
  });
  expect(await create('nope')).toMatchObject({ status: 1, err: expect.stringContaining('docs/providers.md') });
  expect((await run('api-keys list')).out).toBe('');
  vi.stubEnv('ACME_CLIENT_ID', 'x');
  const file = join(made.path, 'providers.json');
  const acme = { authorization_endpoint: 'https://acme.example/a', token_endpoint: 'https://acme.example/t' };
  writeFileSync(file, JSON.stringify({ providers: { acme: { ...acme, token_endpoint_auth_method: 'none' } } }));
  vi.stubEnv('PROVIDERS_FILE', file);
  const { status, out } = await create('acme,slack,mcp-0123456789abcdef');
  expect({ status, ...JSON.parse(out) }).toMatchObject({
    status: 0,
    providers: ['acme', 'slack', 'mcp-0123456789abcdef'],
  });
});

it('who names a provider that is not configured is told where those that are stand', async () => {
  await run('doctor --offline'); // makes the store
  expect(await run('link connect u1 githb')).toEqual({
    status: 1,
    out: '',
    err: 'No provider of that name is configured: "valetkey doctor" names those that are.',
  });
});
