import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { InvalidRequest } from '../../src/core/errors.js';
import { Secret } from '../../src/core/secret.js';
import { createLogger } from '../../src/service/logger.js';
import { root } from '../support/source-tree.js';

const canary = 'CANARY-7f3a';

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { stdio: 'pipe' });
}, 120_000);

function logged(fields: object): string {
  const lines: string[] = [];
  createLogger('info', { write: (line) => void lines.push(line) }).info(fields, 'told');
  return lines.join('');
}

describe('a log line (S7)', () => {
  it.each([
    ['a request', { req: { method: 'GET', url: `/?code=${canary}`, headers: { cookie: canary }, routeOptions: {} } }],
    ['a response', { res: { statusCode: 200, headers: { 'set-cookie': canary } } }],
    ['the message of a foreign error', { err: new Error(`failed at ${canary}`) }],
    ['the cause of an error', { err: new Error('failed', { cause: { access_token: canary } }) }],
    ['the fields of an error', { error: Object.assign(new Error('failed'), { body: canary }) }],
    ['what is thrown and no error', { err: canary }],
    ['a secret', { token: new Secret(canary) }],
    ['a field of a secret name', { access_token: canary, code_verifier: canary, connect_url: canary }],
    ['a field of a secret name, one level down', { answer: { refresh_token: canary, authorization: canary } }],
  ])('holds nothing of the content of %s', (_, fields) => {
    expect(logged(fields)).toContain('told');
    expect(logged(fields)).not.toContain(canary);
  });

  it('tells kind, code and place of an error, and the message of our own', () => {
    expect(logged({ err: new InvalidRequest('user', 'is too long') })).toMatch(
      /"type":"InvalidRequest","code":"invalid_request","message":"user: is too long","at":\["at /,
    );
    expect(logged({ err: new TypeError('x') })).toMatch(/"type":"TypeError","at":\["at /);
  });
});

describe('lines that wait to be written', () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  /** A program that logs so many lines at once, and then does what is given. */
  const logging = async (end: string) => {
    const logger = JSON.stringify(join(root, 'dist/src/service/logger.js'));
    const program = `import { createLogger } from ${logger};
      const log = createLogger('info');
      for (let n = 0; n < ${numbers.length}; n += 1) log.info({ n }, 'told');
      ${end}`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).n);
  };

  it.each([
    ['has nothing left to do', ''],
    ['is told to exit', 'process.exit(0);'],
    ['breaks', "throw new Error('broken');"],
  ])('go out when the program %s', async (_, end) => {
    expect(await logging(end)).toEqual(numbers);
  });

  it('go out while the program works on', async () => {
    expect(await logging('setTimeout(() => process.kill(process.pid, "SIGKILL"), 2_000);')).toEqual(numbers);
  });

  /** Runs a program that logs 20,000 lines, more than a pipe holds, and then does what is given. */
  const startLogging = (end: string, stdout: 'pipe' | number, more = '') => {
    const logger = JSON.stringify(join(root, 'dist/src/service/logger.js'));
    // As the command does; only then does a pipe that is full say so, instead of holding up who writes.
    const program = `process.stdout.on('error', () => {});
      import { createLogger } from ${logger};
      const log = createLogger('info');
      for (let n = 0; n < 20_000; n += 1) log.info({ n }, 'told${more}');
      ${end}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['pipe', stdout, 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    return { child, ended: once(child, 'exit') };
  };
  const workOn = "setTimeout(() => console.error('works on'), 500); process.stdin.resume();";

  it('of which a full disk takes none end nothing', async () => {
    const full = await open('/dev/full', 'w');
    const { child, ended } = startLogging(workOn, full.fd);
    await full.close();
    expect(String((await once(child.stderr ?? child, 'data'))[0])).toBe('works on\n');
    child.stdin?.end();
    expect(await ended).toEqual([0, null]);
  });

  it('wait for a reader that stands still', async () => {
    const { child, ended } = startLogging(workOn, 'pipe');
    await once(child.stderr ?? child, 'data');
    let text = '';
    child.stdout?.on('data', (part) => {
      text += part;
    });
    child.stdin?.end();
    await once(child, 'close');
    expect(await ended).toEqual([0, null]);
    const told = text.trim().split('\n');
    expect(told.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  });

  it('are counted where their reader stood still for more than are held, and those that follow are told', async () => {
    const { child, ended } = startLogging(
      "process.stdin.on('data', () => log.info({}, 'on'));",
      'pipe',
      'x'.repeat(1000),
    );
    // However fast this reads: all 20 MB are logged in one turn, in which no write comes to its end.
    const lines = createInterface({ input: child.stdout ?? Readable.from([]) });
    const told: { n?: number; lost?: number; level: number; msg: string }[] = [];
    for await (const line of lines) {
      told.push(JSON.parse(line));
      if (told.at(-1)?.lost !== undefined) child.stdin?.write('\n');
      if (told.at(-1)?.msg === 'on') child.stdin?.end();
    }
    const held = told.slice(0, -2);
    expect(held.map(({ n }) => n)).toEqual(Array.from({ length: held.length }, (_, n) => n));
    expect(held.length).toBeGreaterThan(15_000);
    const warning = { level: 40, lost: 20_000 - held.length, msg: 'lines of the log were lost' };
    expect(told.slice(-2)).toMatchObject([warning, { msg: 'on' }]);
    expect(await ended).toEqual([0, null]);
  });

  it('keep no program from ending when their reader stands still', async () => {
    const end = "setTimeout(() => { log.info({}, 'told'); process.exit(0); }, 500);";
    expect(await startLogging(end, 'pipe').ended).toEqual([0, null]);
  });

  it('keep no program from ending when their reader has left', async () => {
    const logger = JSON.stringify(join(root, 'dist/src/service/logger.js'));
    const program = `import { createLogger } from ${logger};
      process.stdin.once('data', () => createLogger('info').info({}, 'told'));`;
    expect(await withoutReader(['--input-type=module', '--eval', program])).toEqual({ status: 0, said: '' });
  });
});

it('a command whose reader has left ends, and says nothing of it', async () => {
  // It waits for a byte before it begins.
  const wait = 'data:text/javascript,import{readSync}from"node:fs";readSync(0,Buffer.alloc(1))';
  const command = join(root, 'dist/src/cli/main.js');
  expect(await withoutReader(['--import', wait, command, '--help'])).toEqual({ status: 1, said: '' });
});

/** Runs Node, and wakes it by a byte on stdin when nobody reads its stdout any more. */
async function withoutReader(args: readonly string[]): Promise<{ status: number | null; said: string }> {
  const child = spawn(process.execPath, args, { timeout: 60_000, killSignal: 'SIGKILL' });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.stdin.end('\n');
  const [status] = await once(child, 'close');
  return { status, said };
}
