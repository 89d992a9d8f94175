/** Writes the lines of the log beside the work, and goes on whatever becomes of those who take them. */

import { write, writeSync } from 'node:fs';

/** So many characters are written at once: a profile had 6 of the 95 µs of an answer in writing lines one by one. */
const enough = 16_000;
/** None waits longer than this, ms. */
const longestWaitMs = 100;
/** A pipe that is full is tried again after this, ms, then after twice that; a reader that has emptied it must not wait for long. */
const shortestWaitMs = 1;
/** So many characters are held while nobody takes any: on a full disk, or where a reader stands still. More are lost, and counted. */
const most = 16 * 1024 * 1024;
/** What the end of a process waits for a reader, ms. */
const patienceMs = 1_000;

/**
 * Lines to an open file or pipe. What is not out yet goes out when the process ends: beside the work if it ends by itself.
 * Not pino's own destination: a full disk ends the process by that one, and a reader that stands still keeps it from ending.
 *
 * @param fd       its number; 1 is stdout
 * @param tellLost is told how many lines were lost once there is room again; what it writes follows those that were held
 */
export function linesTo(fd: number, tellLost: (lost: number) => void): { write(line: string): void } {
  let lines = '';
  let lost = 0;
  /** What the system was given and has not taken. */
  let rest: Buffer = Buffer.alloc(0);
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;
  let waitMs = shortestWaitMs;
  let state: 'unused' | 'used' | 'left' = 'unused';
  const fill = () => {
    if (rest.length > 0) return;
    rest = Buffer.from(lines);
    lines = '';
    const untold = lost;
    lost = 0;
    if (untold > 0) tellLost(untold);
  };
  const later = (afterMs: number) => {
    timer ??= setTimeout(writeOn, afterMs).unref();
  };
  const writeOn = () => {
    clearTimeout(timer);
    timer = undefined;
    if (isWriting) return;
    fill();
    if (rest.length === 0) return;
    isWriting = true;
    write(fd, rest, (error, count) => {
      isWriting = false;
      if (error) return tryLater(error);
      rest = rest.subarray(count);
      waitMs = shortestWaitMs;
      if (rest.length > 0 || lines.length >= enough) writeOn();
      else if (lines !== '') later(longestWaitMs);
    });
  };
  const tryLater = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      later(waitMs);
      waitMs = Math.min(longestWaitMs, 2 * waitMs);
      return;
    }
    state = 'left';
    lines = '';
    rest = Buffer.alloc(0);
  };
  const writeAtOnce = () => {
    // What another thread is writing is its own affair.
    if (isWriting) rest = Buffer.alloc(0);
    for (const endsAt = performance.now() + patienceMs; performance.now() < endsAt; ) {
      fill();
      if (rest.length === 0) return;
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  };
  return {
    write(line) {
      if (state === 'left') return;
      if (lines.length >= most) {
        lost += 1;
        return;
      }
      if (state === 'unused') process.once('beforeExit', writeOn).once('exit', writeAtOnce);
      state = 'used';
      lines += line;
      // Whoever writes the rest goes on with these.
      if (rest.length > 0) return;
      if (lines.length >= enough) writeOn();
      else later(longestWaitMs);
    },
  };
}
