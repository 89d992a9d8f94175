/** Long commands that a signal ends: in order, said on stderr, and the next run does the rest. */

import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { withProgress } from '../../src/cli/progress.js';
import { keyEntry } from '../store/samples.js';
import { type Ended, run } from '../support/command-line.js';
import { operator, report, write } from '../support/operator-store.js';
import { sharedRedis } from '../support/redis.js';
import { heardOnStderr, pretendTerminal } from '../support/terminal.js';

const redis = await sharedRedis();
afterAll(() => redis.stop());

const howMany = 60;
const interrupted = { status: 1, out: '', err: 'Interrupted: run it again.' };

function tokensFile(): string {
  const lines = Array.from({ length: howMany }, (_, at) => ({ user: `u${at}`, provider: 'github', access_token: 'a' }));
  return write('tokens', lines.map((line) => JSON.stringify(line)).join('\n'));
}

/** Sends the signal as soon as the command is at work. */
async function interrupt(line: string, signal: 'SIGINT' | 'SIGTERM'): Promise<Ended> {
  const others = process.listenerCount(signal);
  let isOver = false;
  const running = run(line).finally(() => {
    isOver = true;
  });
  while (!isOver && process.listenerCount(signal) === others) await new Promise((resolve) => setImmediate(resolve));
  process.emit(signal);
  const ended = await running;
  expect(process.listenerCount(signal)).toBe(others);
  return ended;
}

describe('interrupted in the middle', () => {
  it('import ends after a whole record, with its entry in the trail, and goes on where it was', async () => {
    const line = `import jsonl ${tokensFile()} --json`;
    await run(`${line} --dry-run`); // makes the store
    expect(await interrupt(line, 'SIGINT')).toEqual(interrupted);
    const { created, existing } = report(await run(line));
    expect([created + existing, existing > 0]).toEqual([howMany, true]);
    expect((await run('audit export')).out.split('\n')).toHaveLength(howMany);
  });

  it('keys rotate leaves every record readable, and the next run does the rest', async () => {
    await run(`import jsonl ${tokensFile()}`);
    vi.stubEnv('ENCRYPTION_KEYS', `${keyEntry('k2')},${operator.encryptionKeys}`);
    expect(await interrupt('keys rotate --json', 'SIGTERM')).toEqual(interrupted);
    expect((await run('keys verify')).status).toBe(0);
    const { keys } = report(await run('keys rotate --json'));
    expect(keys[0]).toMatchObject({ id: 'k2', records: { connection: howMany } });
  });

  it('migrate does not finish, and the next run does', async () => {
    await run(`import jsonl ${tokensFile()}`);
    const line = `migrate --to ${redis.url} --to-prefix t-${randomUUID().slice(0, 20)} --finish --json`;
    expect(await interrupt(line, 'SIGINT')).toEqual(interrupted);
    expect((await run('connections list u1')).status).toBe(0);
    expect(report(await run(line))).toMatchObject({ source: { owners: howMany }, equal: true, finished: true });
  });
});

it('a bar is taken off the terminal, and a second signal is not held back', async () => {
  const written = heardOnStderr();
  pretendTerminal(process.stderr, true);
  const others = process.listenerCount('SIGINT');
  const working = withProgress('working', async (onProgress) => {
    onProgress({ done: 1, total: 1 });
    process.emit('SIGINT');
    expect(process.listenerCount('SIGINT')).toBe(others);
    onProgress({ done: 2, total: 2 });
  });
  await expect(working).rejects.toThrow('Interrupted: run it again.');
  expect(written.at(-2)).toContain('1/1');
  expect(written.at(-1)).toBe('\r\x1b[K');
});
