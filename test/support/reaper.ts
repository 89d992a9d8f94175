/**
 * Ends child processes when the process that started them dies, in whatever way.
 *
 * A test runner ends its workers by signal, and then no exit handler runs. So a small separate process waits until the pipe
 * to its parent breaks, and ends the processes that are still on its list then.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

const program = `
const { rmSync } = require('node:fs');
const held = new Map();
const lines = require('node:readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { pid, directory } = JSON.parse(line);
  if (directory) held.set(pid, directory);
  else held.delete(pid);
});
lines.on('close', () => {
  for (const [pid, directory] of held) {
    try { process.kill(pid, 'SIGKILL'); } catch {}
    rmSync(directory, { recursive: true, force: true });
  }
});
`;

let reaper: ChildProcess | undefined;

/** Starts it on first use. It must not keep this process alive, nor end with the terminal. */
function startReaper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}

/** Makes sure that neither a child nor its directory outlives this process. */
export function endWithThisProcess(child: ChildProcess, directory: string): void {
  const { pid } = child;
  if (pid === undefined) return;
  reaper ??= startReaper();
  reaper.stdin?.write(`${JSON.stringify({ pid, directory })}\n`);
  // After its end, another process may get its id.
  child.once('exit', () => reaper?.stdin?.write(`${JSON.stringify({ pid })}\n`));
}
