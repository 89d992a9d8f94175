/** Lines of the log go through a pipe as fast as its reader takes them, on a clock that only the test moves. */

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LogLines } from '../../src/service/log-lines.js';

const root = mkdtempSync(join(tmpdir(), 'valetkey-log-'));
const fifo = join(root, 'log');
/** What a pipe of Linux holds. */
const mostInPipe = 65_536;
let reader = 0;
let writer = 0;

beforeEach(() => {
  execFileSync('mkfifo', [fifo]);
  reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
  closeSync(writer);
  closeSync(reader);
  rmSync(root, { recursive: true, force: true });
});

/** All that is in the pipe now. */
function readAll(): string {
  const bytes = Buffer.alloc(1_048_576);
  try {
    return bytes.toString('latin1', 0, readSync(reader, bytes));
  } catch {
    return '';
  }
}

it('a pipe that was full is tried again soon: its reader empties it in less than the longest wait', async () => {
  const log = new LogLines(writer, () => {});
  const line = `${'x'.repeat(999)}\n`;
  for (let n = 0; n < 1_000; n += 1) log.write(line);
  let [taken, timesFull, waitedMs] = [0, 0, 0];
  // What is left then is in the pipe.
  while (taken < 1_000_000 - mostInPipe) {
    await nextTurn();
    if (vi.getTimerCount() === 0) continue;
    timesFull += 1;
    taken += readAll().length;
    for (; vi.getTimerCount() > 0; waitedMs += 1) vi.advanceTimersByTime(1);
  }
  expect(timesFull).toBeGreaterThan(10);
  expect(waitedMs).toBe(timesFull);
  // All of it goes, or the end of this process would write the rest to whatever has its number by then.
  for (; taken < 1_000_000; taken += readAll().length) {
    await nextTurn();
    vi.advanceTimersByTime(1);
  }
});
