/** Processes that share a store, for fault tests to kill, freeze and ask; all end with their test. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ProviderEntry } from '../../providers/index.js';
import type { ManagerOptions } from '../../src/open-manager.js';
import { secrets } from './service.js';

const path = fileURLToPath(new URL('./fault-node.mjs', import.meta.url));
/** What `--import` has to load so that CLOCK_SHIFT_MS shifts a process's clock. */
export const clockPreload = new URL('./shifted-clock.mjs', import.meta.url).href;

const answerSchema = z.looseObject({
  id: z.number(),
  error: z.string().optional(),
  token: z.string().optional(),
  expiresAt: z.number().optional(),
  tokens: z.array(z.string()).optional(),
  revoked: z.string().optional(),
  failed: z.array(z.string()).optional(),
  logged: z.array(z.looseObject({ level: z.string(), message: z.string() })).optional(),
  commitsUnacknowledged: z.number().optional(),
  commitsRestored: z.number().optional(),
});
/** The answer of a process; `error` is the code of the error that it threw. */
export type NodeAnswer = z.infer<typeof answerSchema>;

/** One process. */
export interface FaultNode {
  readonly pid: number;
  ask(order: string, input?: object): Promise<NodeAnswer>;
  kill9(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** How a process starts. */
export interface NodeOptions {
  readonly options: ManagerOptions;
  readonly clockShiftMs?: number;
  /** Prefix of the command line: `prlimit --fsize=…`. */
  readonly under?: readonly string[];
}

/** Options of a manager on that store, in this process and in others. */
export function managerOn(
  place: Pick<ManagerOptions, 'redisUrl' | 'dataDir' | 'keyPrefix' | 'redisWait' | 'spoolDir'>,
  rotating: ProviderEntry,
): ManagerOptions {
  return {
    baseUrl: 'http://127.0.0.1:9',
    encryptionKeys: secrets.encryptionKeys,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
    providers: { rotating },
    ...place,
  };
}

/** Starts a process and resolves when its manager is open. The caller ends it. */
export async function startNode({ options, clockShiftMs, under = [] }: NodeOptions): Promise<FaultNode> {
  const imports = clockShiftMs === undefined ? [] : ['--import', clockPreload];
  const [command = process.execPath, ...args] = [...under, process.execPath, ...imports, path, JSON.stringify(options)];
  const env = { ...process.env, ...(clockShiftMs !== undefined && { CLOCK_SHIFT_MS: String(clockShiftMs) }) };
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  const waiting = new Map<number, (answer: NodeAnswer) => void>();
  const answered = (id: number) => new Promise<NodeAnswer>((resolve) => waiting.set(id, resolve));
  const ready = answered(0);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = answerSchema.parse(JSON.parse(line));
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  void ended.then(() => {
    for (const [id, resolve] of waiting) resolve({ id, error: 'process_ended' });
    waiting.clear();
  });
  child.stdin.on('error', () => undefined);
  const started = await ready;
  if (started.error !== undefined) throw new Error('the process did not start');
  let last = 0;
  return {
    pid: pidOf(child),
    ask: (order, input = {}) => {
      if (child.exitCode !== null || child.signalCode !== null)
        return Promise.resolve({ id: 0, error: 'process_ended' });
      last += 1;
      const answer = answered(last);
      child.stdin.write(`${JSON.stringify({ id: last, order, ...input })}\n`);
      return answer;
    },
    kill9: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    ended,
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start');
  return pid;
}
