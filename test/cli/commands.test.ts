import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressBar, describeProgress } from '../../src/cli/progress.js';
import { startFacts } from '../../src/cli/start-banner.js';
import { openStore } from '../../src/open-store.js';
import { loadConfig } from '../../src/service/config.js';
import { makeDataDir, type Running, startRunning } from '../service/running.js';
import { run } from '../support/command-line.js';
import { heardOnStderr, pretendTerminal } from '../support/terminal.js';

let dataDir: string;
const cleaning: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  const made = makeDataDir();
  dataDir = made.path;
  cleaning.push(() => made.remove());
  vi.stubEnv('DATA_DIR', dataDir);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
});
afterEach(async () => {
  process.exitCode = undefined;
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

async function startService(): Promise<Running> {
  const running = await startRunning(dataDir);
  cleaning.push(() => running.close());
  return running;
}

const ask = async (running: Running, key: string) => {
  const headers = { authorization: `Bearer ${key}` };
  return (await running.app.inject({ url: '/v1/users/u1/connections', headers })).statusCode;
};

describe('exit status', () => {
  it.each([
    ['--help', 0],
    ['--version', 0],
    ['api-keys create --help', 0],
    ['', 2],
    ['frobnicate', 2],
    ['serve --prot 99', 2],
    ['api-keys create', 2],
    ['api-keys create --owner me --role root', 2],
    ['api-keys create --owner me --days 0', 2],
    ['api-keys create --owner me\tyou', 2],
    ['api-keys create --owner me --tenant !', 2],
    ['api-keys revoke none', 1],
    ['keys list --help', 0],
    ['keys rotate --fast', 2],
    ['link connect u1 github', 1],
  ])('of "%s" is %i', async (line, status) => {
    expect((await run(line)).status).toBe(status);
  });

  it('is 78 for a bad configuration, with every variable on stderr and nothing on stdout', async () => {
    vi.stubEnv('PORT', 'x');
    vi.stubEnv('LOG_LEVEL', 'x');
    const { status, out, err } = await run('doctor');
    expect({ status, out }).toEqual({ status: 78, out: '' });
    expect(err).toMatch(/PORT[\s\S]*LOG_LEVEL/);
  });
});

it('a spool that cannot be written is found at the start, not when it is needed', async () => {
  const spool = join(dataDir, 'file', 'spool');
  writeFileSync(join(dataDir, 'file'), '');
  vi.stubEnv('SPOOL_DIR', spool);
  const { status, err } = await run('doctor --offline');
  expect(status).toBe(78);
  expect(err).toContain(`SPOOL_DIR: ${spool} cannot be read and written (ENOTDIR)`);
});

describe('keys generate', () => {
  it('prints a key that ENCRYPTION_KEYS takes, another one each time', async () => {
    const { out: key } = await run('keys generate');
    vi.stubEnv('ENCRYPTION_KEYS', key);
    expect((await run('doctor')).status).toBe(0);
    expect((await run('keys generate')).out).not.toBe(key);
  });
});

describe('a new key', () => {
  it.each(['doctor --offline', 'api-keys list', 'audit tail', 'audit export', 'webhooks list'])(
    'that "%s" is tried with hinders nobody who has the old one',
    async (line) => {
      const [k1, k2] = [(await run('keys generate')).out, (await run('keys generate')).out];
      const serving = await openStore({ encryptionKeys: k1, dataDir });
      cleaning.push(() => serving.close());
      vi.stubEnv('ENCRYPTION_KEYS', `${k2},${k1}`);
      expect((await run(line)).status).toBe(0);
      await expect(serving.check()).resolves.toMatchObject({ kind: 'embedded' });
      vi.stubEnv('ENCRYPTION_KEYS', k1);
      expect((await run('api-keys create --owner me')).status).toBe(0);
    },
  );
});

describe('keys list, rotate and verify', () => {
  const store = async (keys: string) => {
    vi.stubEnv('ENCRYPTION_KEYS', keys);
    const opened = await openStore({ encryptionKeys: keys, dataDir });
    await opened.documents.put('things', 'a', 1);
    await opened.close();
  };

  it('move every record under the first key and say which key may go', async () => {
    const [k1, k2] = [(await run('keys generate')).out, (await run('keys generate')).out];
    const [id1, id2] = [k1, k2].map((key) => key.slice(0, key.indexOf(':')));
    await store(k1);
    vi.stubEnv('ENCRYPTION_KEYS', `${k2},${k1}`);
    expect((await run('keys list')).out).toMatch(new RegExp(`${id2}\tseals.*\n${id1}\topens.*document 1`));
    const rotation = await run('keys rotate --json');
    expect(rotation).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse(rotation.out)).toMatchObject({ resealed: 1, unopened: [], retired: [id1] });
    vi.stubEnv('ENCRYPTION_KEYS', k2);
    expect(await run('keys verify')).toMatchObject({ status: 0, out: '1 records can be opened, 0 cannot.' });
    expect((await run('api-keys list')).status).toBe(0);
  });

  it('say of a key that seals what ends by itself that it has to stay', async () => {
    const [k1, k2] = [(await run('keys generate')).out, (await run('keys generate')).out];
    vi.stubEnv('ENCRYPTION_KEYS', k1);
    await run('api-keys create --owner me');
    vi.stubEnv('ENCRYPTION_KEYS', `${k2},${k1}`);
    const { status, out } = await run('keys rotate');
    expect(status).toBe(0);
    expect(out).toMatch(new RegExp(`${k1.split(':')[0]}\topens.*audit 1\n.*keep it in ENCRYPTION_KEYS`, 's'));
    vi.stubEnv('ENCRYPTION_KEYS', k2);
    expect((await run('api-keys list')).status).toBe(78);
  });

  it('take out a key that sealed nothing and is not there any more', async () => {
    const [k1, k2] = [(await run('keys generate')).out, (await run('keys generate')).out];
    await store(k1);
    await (await openStore({ encryptionKeys: `${k2},${k1}`, dataDir })).close();
    const refused = await run('api-keys list');
    expect(refused).toMatchObject({ status: 78, err: expect.stringContaining('"valetkey keys rotate"') });
    expect(JSON.parse((await run('keys rotate --json')).out)).toMatchObject({
      resealed: 0,
      retired: [k2.split(':')[0]],
    });
    expect((await run('api-keys list')).status).toBe(0);
  });

  it('make no store where there is none', async () => {
    const wrong = join(dataDir, 'wrong');
    vi.stubEnv('DATA_DIR', wrong);
    for (const line of ['keys list', 'keys rotate', 'keys verify', 'connections list']) {
      expect(await run(line)).toMatchObject({ status: 78, err: expect.stringContaining(join(wrong, 'valetkey.mdb')) });
    }
    expect(existsSync(wrong)).toBe(false);
  });

  it('say what is missing when a key in use is not given, where other commands refuse to start', async () => {
    await store((await run('keys generate')).out);
    vi.stubEnv('ENCRYPTION_KEYS', (await run('keys generate')).out);
    const { status, err } = await run('api-keys list');
    expect({ status, err }).toEqual({ status: 78, err: expect.stringMatching(/^ENCRYPTION_KEYS: .*is not available/) });
    const listed = await run('keys list');
    expect(listed.status).toBe(1);
    expect(listed.out).toContain('MISSING');
    expect((await run('keys rotate')).status).toBe(78);
    expect(await run('keys verify')).toMatchObject({ status: 1, out: expect.stringContaining('key_unavailable') });
  });
});

describe('a progress bar', () => {
  it('shows the part and the numbers, or the number alone while the whole is unknown', () => {
    expect(describeProgress(5, 20)).toBe(`[${'#'.repeat(8)}${' '.repeat(22)}] 25 %  5/20`);
    expect(describeProgress(20, 20)).toContain('100 %');
    expect(describeProgress(7, undefined)).toBe('7');
  });

  it('is drawn on a terminal only', () => {
    const written = heardOnStderr();
    for (const isTTY of [false, true]) {
      pretendTerminal(process.stderr, isTTY);
      const bar = createProgressBar('working');
      bar.update({ done: 2, total: 2 });
      bar.clear();
      expect(written.join('').includes('working')).toBe(isTTY);
    }
  });
});

describe('api-keys', () => {
  it('makes a key that a running service takes, lists it without its secret, and revokes it at once', async () => {
    const running = await startService();
    const made = JSON.parse((await run('api-keys create --owner me --role viewer --days 1 --json')).out);
    expect(await ask(running, made.key)).toBe(200);
    const { out: listed } = await run('api-keys list --json');
    expect(JSON.parse(listed)).toMatchObject([{ id: made.id, role: 'viewer', owner: 'me', tenant: 'default' }]);
    expect(listed).not.toContain(made.key.slice(-72));
    expect(JSON.parse((await run(`api-keys revoke ${made.id} --json`)).out)).toEqual({ id: made.id, revoked: true });
    expect(await ask(running, made.key)).toBe(401);
    expect((await run('api-keys list')).out).toContain('revoked');
  });

  it('prints for programs what the API says of a key, with its tenant', async () => {
    const running = await startService();
    const made = JSON.parse((await run('api-keys create --owner me --days 1 --json')).out);
    const { api_keys: told } = JSON.parse(JSON.stringify((await running.call('GET', '/v1/api-keys')).body));
    expect(JSON.parse((await run('api-keys list --json')).out)).toEqual([{ ...told[0], tenant: 'default' }]);
    expect(made).toEqual({ ...told[0], tenant: 'default', key: expect.stringContaining(made.id) });
  });
});

describe('link', () => {
  it('mints a link that the running service takes, for a provider of its sandbox too', async () => {
    const running = await startService();
    const { out } = await run('link connect u1 github --json');
    const { pathname, search } = new URL(JSON.parse(out).url);
    expect((await running.app.inject(pathname + search)).statusCode).toBe(200);
    const account = new URL((await run('link account u1')).out);
    expect((await running.app.inject(account.pathname + account.search)).statusCode).toBe(200);
    const trail = (await run('audit tail --json')).out.split('\n').map((line) => JSON.parse(line));
    const operator = { kind: 'operator', id: 'cli' };
    expect(trail.map(({ act, user, actor }) => ({ act, user, actor }))).toEqual([
      { act: 'connect.create', user: 'u1', actor: operator },
      { act: 'account_link.create', user: 'u1', actor: operator },
    ]);
  });
});

it('serve --json says where it runs, and where the key lies, without the key', () => {
  const config = loadConfig();
  const facts = startFacts(config, { hasSandbox: false, accountLink: undefined });
  expect(facts).toEqual({
    base_url: 'http://localhost:3999',
    host: '127.0.0.1',
    port: 3000,
    store: 'embedded',
    api_key_file: join(dataDir, 'api-key'),
    providers: [],
    sandbox: false,
    account_link: null,
  });
});
