/** The program as a process: `npm start`, its faults, its signals. Few, because each costs a second. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { root } from '../support/source-tree.js';
import { findFreePort, makeDataDir } from './running.js';

const started: ChildProcess[] = [];
let dataDir: string;
let removeDataDir: () => void;

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { stdio: 'pipe' });
}, 120_000);
beforeEach(() => {
  ({ path: dataDir, remove: removeDataDir } = makeDataDir());
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  removeDataDir();
});

interface Process {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Exit status; `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
}

function start(script: string[], variables: Record<string, string>): Process {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(
    process.execPath,
    script.map((part, at) => (at === 0 ? join(root, part) : part)),
    {
      cwd: dataDir,
      env: { PATH, HOME, DATA_DIR: dataDir, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));
  return { child, output: () => output, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

/** `npm start` without npm; resolves when the service is ready. */
async function npmStart(): Promise<Process & { url: string }> {
  const port = await findFreePort();
  const running = start(['scripts/start.mjs'], { PORT: String(port) });
  const url = `http://localhost:${port}`;
  let ended = false;
  void running.ended.then(() => {
    ended = true;
  });
  while (!(await isReady(url))) {
    if (ended) throw new Error(running.output());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { ...running, url };
}

const newestSource = () => {
  const inside = ['src', 'routes', 'providers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return Math.max(...[...inside, 'package.json'].map((path) => statSync(join(root, path)).mtimeMs));
};

const isReady = (url: string) =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

const askForToken = async (url: string) => {
  const key = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  const response = await fetch(`${url}/v1/users/me/tokens/github`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: z.object({ connect_url: z.string() }).parse(await response.json()) };
};

describe('npm start', () => {
  it('serves with nothing configured, twice on one data directory with the same keys, and ends on SIGTERM', async () => {
    const [first, second] = await Promise.all([npmStart(), npmStart()]);
    for (const { url } of [first, second]) {
      const { status, body } = await askForToken(url);
      expect(status).toBe(409);
      expect(body.connect_url).toMatch(new RegExp(`^${url}/oauth/github\\?link=`));
    }
    const key = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
    expect(first.output()).toContain(`$(cat ${join(dataDir, 'api-key')})`);
    expect(first.output()).toContain(`${first.url}/connections/enter?link=`);
    expect(first.output() + second.output()).not.toContain(key);
    const begun = performance.now();
    for (const { child } of [first, second]) child.kill('SIGTERM');
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    expect(performance.now() - begun).toBeLessThan(10_000);
  }, 60_000);

  it.each(['serve', 'worker'])(
    '%s that gets SIGTERM while it loads begins, closes and ends with status 0',
    async (command) => {
      // The first thing that the program looks at sends it.
      const early =
        "data:text/javascript,import m from'node:module';m.enableCompileCache=()=>process.kill(process.pid,'SIGTERM')";
      const PORT = String(await findFreePort());
      const running = start(['dist/src/cli/main.js', command], { PORT, NODE_OPTIONS: `--import="${early}"` });
      expect(await running.ended).toBe(0);
      expect(running.output()).toMatch(/"status":0,"msg":"closed"/);
    },
  );

  it('starts again with the same keys and without npm or compiler', async () => {
    const first = await npmStart();
    first.child.kill('SIGTERM');
    await first.ended;
    const kept = ['api-key', 'encryption-keys'].map((name) => readFileSync(join(dataDir, name), 'utf8'));
    const built = statSync(join(root, 'dist/.built')).mtimeMs;
    const second = await npmStart();
    expect((await askForToken(second.url)).status).toBe(409);
    expect(['api-key', 'encryption-keys'].map((name) => readFileSync(join(dataDir, name), 'utf8'))).toEqual(kept);
    // Unless somebody is editing while the test runs.
    if (newestSource() <= built) expect(statSync(join(root, 'dist/.built')).mtimeMs).toBe(built);
    expect(second.output()).not.toContain('Installing');
    // In one file with all others, too, what is called for its error alone is called.
    const broken = await fetch(`${second.url}/v1/users/%ff/tokens/github`);
    expect(await broken.json()).toMatchObject({ field: 'user' });
  }, 60_000);
});

describe('npm', () => {
  it('that is ended by a signal leaves no service behind, although npm hands the signal to nobody', async () => {
    const port = await findFreePort();
    const { PATH = '', HOME = '' } = process.env;
    // As npm does it: a shell between, which does not pass signals on.
    const line = `"${process.execPath}" "${join(root, 'scripts/start.mjs')}"; true`;
    const env = { PATH, HOME, DATA_DIR: dataDir, PORT: String(port), npm_lifecycle_event: 'start' };
    const shell = spawn('sh', ['-c', line], { env, cwd: dataDir, stdio: 'ignore' });
    started.push(shell);
    const url = `http://localhost:${port}`;
    await expect.poll(() => isReady(url), { timeout: 50_000, interval: 50 }).toBe(true);
    shell.kill('SIGTERM');
    await expect.poll(() => isReady(url), { timeout: 10_000, interval: 50 }).toBe(false);
  }, 60_000);
});

describe('serve', () => {
  it('with a bad configuration exits with 78 before it listens, naming every variable and no value', async () => {
    const port = await findFreePort();
    const variables = { PORT: String(port), BASE_URL: 'http://CANARY.example.org', API_KEYS: 'bot:bot:CANARY' };
    const { ended, output } = start(['dist/src/cli/main.js', 'serve'], variables);
    expect(await ended).toBe(78);
    expect(output()).toMatch(/BASE_URL[\s\S]*API_KEYS/);
    expect(output()).not.toContain('CANARY');
    expect(output()).not.toContain('listening');
  }, 30_000);

  it('on a port that is taken exits with 1 and says which variable to change', async () => {
    const { url } = await npmStart();
    const second = start(['dist/src/cli/main.js', 'serve'], { PORT: new URL(url).port });
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain('PORT');
  }, 60_000);
});

it('loads no server and no figures with what every command needs', () => {
  const texts = ['every-command', 'with-store', 'service'].map((name) =>
    readFileSync(join(root, `dist/src/cli/${name}.js`), 'utf8'),
  );
  expect(texts.map((text) => text.includes('require("fastify")'))).toEqual([false, false, true]);
  expect(texts.map((text) => text.includes('require("prom-client")'))).toEqual([false, false, false]);
});
