/** Processes that ask for one token many times at the same moment. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ManagerOptions } from '../../src/open-manager.js';

const childPath = fileURLToPath(new URL('refresh-race-child.mjs', import.meta.url));

/** Another process on the same store. */
export interface Racer {
  readonly ready: Promise<string>;
  /** Makes it ask; answers all tokens that it got. */
  race(): Promise<readonly string[]>;
}

/** Starts one; it ends with the test. It asks for a token of provider `strict`, or of an MCP server. Needs a build. */
export function startRacer(options: ManagerOptions, calls: number, serverUrl = ''): Racer {
  const child = spawn(process.execPath, [childPath, JSON.stringify(options), String(calls), serverUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => endProcess(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the process ended without an answer');
    return value;
  };
  const ready = nextLine();
  return {
    ready,
    race: async () => {
      await ready;
      child.stdin.write('go\n');
      return JSON.parse(await nextLine());
    },
  };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
