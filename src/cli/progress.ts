/** Shows the progress of a long command on a terminal; nothing if stderr is a file or a log. */

import type { OnProgress } from '../store/key-use.js';
import { CommandFailed } from './exit.js';
import { interruptible } from './interruption.js';

const width = 30;
const drawEveryMs = 100;

/** A bar of one line on stderr. `clear` removes the line, so that later output begins at its start. */
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
 * Shows the progress of `work`, and lets the first SIGINT or SIGTERM end it after its present step.
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

/** `[#####     ] 50 %  10/20`, or only the number while the total is unknown. */
export function describeProgress(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return String(done);
  const part = Math.min(done / total, 1);
  const filled = Math.round(part * width);
  return `[${'#'.repeat(filled)}${' '.repeat(width - filled)}] ${Math.floor(part * 100)} %  ${done}/${total}`;
}
