import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/cli/program.js';
import { makeDataDir, type Running, startRunning } from '../service/running.js';

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

/** Runs a command line and captures what it prints. */
async function run(line: string): Promise<{ status: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text: string) => void out.push(text)),
    vi.spyOn(console, 'error').mockImplementation((text: string) => void err.push(text)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0),
  ];
  try {
    const status = await runCommand(line.split(' '));
    return { status, out: out.join('\n'), err: err.join('\n') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

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
    ['api-keys create --owner me --tenant !', 1],
    ['api-keys revoke none', 1],
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

describe('keys generate', () => {
  it('prints a key that ENCRYPTION_KEYS takes, another one each time', async () => {
    const { out: key } = await run('keys generate');
    vi.stubEnv('ENCRYPTION_KEYS', key);
    expect((await run('doctor')).status).toBe(0);
    expect((await run('keys generate')).out).not.toBe(key);
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
    expect((await run(`api-keys revoke ${made.id}`)).status).toBe(0);
    expect(await ask(running, made.key)).toBe(401);
    expect((await run('api-keys list')).out).toContain('revoked');
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
  });
});

describe('doctor', () => {
  const doctor = async () => {
    const { status, out } = await run('doctor --json');
    return { status, findings: JSON.parse(out) };
  };

  it('finds a first start in order and says what to register at each provider', async () => {
    vi.stubEnv('GITHUB_CLIENT_ID', 'id');
    vi.stubEnv('GITHUB_CLIENT_SECRET', 'secret');
    const { status, findings } = await doctor();
    expect(status).toBe(0);
    const text = expect.stringContaining('http://localhost:3999/oauth/github/callback');
    expect(findings).toContainEqual({ kind: 'ok', about: 'provider', text });
    expect(findings.map(({ about }: { about: string }) => about)).toEqual(
      expect.arrayContaining(['store', 'clock', 'encryption', 'callers']),
    );
  });

  it('finds a store that is down', async () => {
    vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
    vi.stubEnv('ENCRYPTION_KEYS', (await run('keys generate')).out);
    const { status, findings } = await doctor();
    expect(status).toBe(1);
    expect(findings).toContainEqual({ kind: 'fault', about: 'store', text: expect.any(String) });
  });
});
