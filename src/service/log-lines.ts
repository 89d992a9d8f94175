/** Writes the lines of the log in the background, and goes on whatever happens to their reader. */

import { write, writeSync } from 'node:fs';

/** Once there are this many characters they are written: writing lines one by one took 6 of the 95 µs of an answer. */
const enough = 16_000;
/** No line waits longer than this, ms. */
const longestWaitMs = 100;
/** A full pipe is tried again after this, ms, then after twice that; a reader that has emptied it must not wait for long. */
const shortestWaitMs = 1;
/**
 * How many characters are held while none can be written, with a full disk or a reader that does not read. More are lost,
 * and counted.
 */
const most = 16 * 1024 * 1024;
/** How long the end of a process waits for a reader, ms. */
const patienceMs = 1_000;

/**
 * Writes lines to an open file or pipe. Lines that are left when the process ends are still written, in the background if it
 * ends by itself. Pino's own destination is not used: with it a full disk ends the process, and a reader that does not read
 * keeps it from ending.
 */
export class LogLines {
  readonly #fd: number;
  readonly #tellLost: (lost: number) => void;
  #lines = '';
  #lost = 0;
  /** Bytes that were passed to the system and not written yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = shortestWaitMs;
  #state: 'unused' | 'used' | 'left' = 'unused';

  /**
   * @param fd       the number of the file; 1 is stdout
   * @param tellLost is told how many lines were lost once there is room again; its own lines follow those that were held
   */
  constructor(fd: number, tellLost: (lost: number) => void) {
    this.#fd = fd;
    this.#tellLost = tellLost;
  }

  write(line: string): void {
    if (this.#state === 'left') return;
    if (this.#lines.length >= most) {
      this.#lost += 1;
      return;
    }
    if (this.#state === 'unused') {
      process.once('beforeExit', () => this.#writeOn()).once('exit', () => this.#writeAtOnce());
      this.#state = 'used';
    }
    this.#lines += line;
    // The write or the timer that is under way for the rest will go on with these.
    if (this.#rest.length > 0) return;
    if (this.#lines.length >= enough) this.#writeOn();
    else this.#later(longestWaitMs);
  }

  #later(afterMs: number): void {
    this.#timer ??= setTimeout(() => this.#writeOn(), afterMs).unref();
  }

  #writeOn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isWriting) return;
    this.#fill();
    if (this.#rest.length === 0) return;
    this.#isWriting = true;
    write(this.#fd, this.#rest, (error, count) => {
      this.#isWriting = false;
      if (error) return this.#tryLater(error);
      this.#rest = this.#rest.subarray(count);
      this.#waitMs = shortestWaitMs;
      if (this.#rest.length > 0 || this.#lines.length >= enough) this.#writeOn();
      else if (this.#lines !== '') this.#later(longestWaitMs);
    });
  }

  #fill(): void {
    if (this.#rest.length > 0) return;
    this.#rest = Buffer.from(this.#lines);
    this.#lines = '';
    const untold = this.#lost;
    this.#lost = 0;
    if (untold > 0) this.#tellLost(untold);
  }

  /** A reader that is gone ends all writing; anything else may pass. */
  #tryLater({ code }: NodeJS.ErrnoException): void {
    if (code !== 'EPIPE') {
      this.#later(this.#waitMs);
      this.#waitMs = Math.min(longestWaitMs, 2 * this.#waitMs);
      return;
    }
    this.#state = 'left';
    this.#lines = '';
    this.#rest = Buffer.alloc(0);
  }

  /** Waits for a slow reader, as nothing can be written later. */
  #writeAtOnce(): void {
    // A write that is under way in another thread cannot be taken back; its bytes must not be written twice.
    if (this.#isWriting) this.#rest = Buffer.alloc(0);
    for (const endsAt = performance.now() + patienceMs; performance.now() < endsAt; ) {
      this.#fill();
      if (this.#rest.length === 0) return;
      try {
        this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}
