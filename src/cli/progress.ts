/** Shows on a terminal how far a long command is; says nothing where stderr is a file or a log. */

import type { OnProgress } from '../store/key-use.js';
import { CommandFailed } from './exit.js';
import { interruptible } from './interruption.js';

const width = 30;
const drawEveryMs = 100;

/** A bar of one line on stderr. `clear` takes the line away, so that what follows begins at its start. */
export function createProgressBar(label: string): { readonly update: OnProgress; clear(): void } {
  let drawnAt = Number.NEGATIVE_INFINITY;
  const isTerminal = process.stderr.isTTY === true;
  return {
    update: ({ done, total }) => {
      const isLast = done === total;
      if (!isTerminal || (!isLast && performance.now() - drawnAt < drawEveryMs)) return;
      drawnAt = performance.now();
      process.stderr.write(`\r\x1b[K${label} ${describeProgress(done, total)}`);
    },
    clear: () => {
      if (isTerminal && drawnAt > 0) process.stderr.write('\r\x1b[K');
    },
  };
}

/**
 * Shows how far `work` is, and lets the first SIGINT or SIGTERM end it at its next step, whatever a step is made of.
 *
 * @throws {CommandFailed} it was interrupted
 */
export async function withProgress<T>(label: string, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  const bar = createProgressBar(label);
  const run = (signal: AbortSignal) =>
    work((progress) => {
      if (signal.aborted) throw new CommandFailed('Interrupted: run it again.');
      bar.update(progress);
    });
  return interruptible(run).finally(() => bar.clear());
}

/** `[#####     ] 50 %  10/20`, or the number alone while nobody knows how many there are. */
export function describeProgress(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return String(done);
  const part = Math.min(done / total, 1);
  const filled = Math.round(part * width);
  return `[${'#'.repeat(filled)}${' '.repeat(width - filled)}] ${Math.floor(part * 100)} %  ${done}/${total}`;
}
