/** Several processes on one embedded store, and what is left when one is killed or the disk is full. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OwnerKey } from '../../src/core/identifiers.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';

const child = fileURLToPath(new URL('../support/embedded-child.mjs', import.meta.url));
const owner = 'o'.repeat(24) as OwnerKey;

let dataDir: string;
let engine: StorageEngine;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'valetkey-processes-'));
  engine = await openEmbeddedEngine({ dataDir });
});

afterEach(async () => {
  for (const each of children.splice(0)) each.kill('SIGKILL');
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A process at work. `lines` grows as it reports; the first is `ready`. */
interface Working {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly line: (which: (lines: readonly string[]) => boolean) => Promise<void>;
  readonly ended: Promise<void>;
}

function start(task: string, amount = 0, command: readonly string[] = []): Working {
  const [file = '', ...rest] = [...command, process.execPath, child, dataDir, task, String(amount)];
  const started = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(started);
  const lines: string[] = [];
  const reader = createInterface({ input: started.stdout });
  reader.on('line', (line) => lines.push(line));
  let complaint = '';
  started.stderr.on('data', (text) => {
    complaint += text;
  });
  const ended = once(started, 'close').then(([code, signal]) => {
    if (code !== 0 && signal === null) throw new Error(`the process ended with ${code}: ${complaint}`);
  });
  ended.catch(() => undefined);
  async function line(which: (lines: readonly string[]) => boolean): Promise<void> {
    while (!which(lines)) await Promise.race([once(reader, 'line'), ended]);
  }
  return { process: started, lines, line, ended };
}

describe('a killed process', () => {
  it('loses no write that it acknowledged, and blocks nobody (kill -9)', async () => {
    const writer = start('write');
    await writer.line((lines) => lines.length > 300);
    writer.process.kill('SIGKILL');
    await writer.ended;

    const { fields } = await engine.readOwner(owner);
    const acknowledged = writer.lines.slice(1).filter((line) => /^\d+$/.test(line));
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    const missing = acknowledged.filter(
      (number) => !fields.get(`w${number}`)?.bytes.toString().startsWith(`value ${number} `),
    );
    expect(missing).toEqual([]);
    await engine.putDocument('things', 'after', Buffer.from('1'));
    expect(await engine.getDocument('things', 'after')).toEqual(Buffer.from('1'));
  });
});

describe('a process that opens the store several times', () => {
  it('goes on, however much it is writing: no opening waits for a write that waits for its thread', async () => {
    const reopening = start('reopen', 30);
    await reopening.ended;
    expect(reopening.lines).toEqual(['ready', '29']);
  }, 60_000);
});

describe('several processes', () => {
  it('count to the exact sum by compare-and-set', async () => {
    const counting = [start('count', 150), start('count', 150)];
    await Promise.all(counting.map((each) => each.ended));
    expect((await engine.readField(owner, 'counter'))?.version).toBe(300);
  });

  it('take each value exactly once', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `once/${index}`);
    await Promise.all(keys.map((key) => engine.putExpiring(key, Buffer.from(key), 60_000)));
    const taking = [start('take', 200), start('take', 200)];
    await Promise.all(taking.map((each) => each.ended));
    const taken = taking.flatMap((each) => each.lines.slice(1));
    expect(taken.sort()).toEqual(keys.sort());
  });

  it("wake each other's waiters", async () => {
    const signal = AbortSignal.timeout(10_000);
    const waiting = engine.waitLog('log', await engine.newestId('log'), signal);
    start('append');
    await waiting;
    expect(signal.aborted).toBe(false);
    expect(await engine.readLog('log', undefined, 10)).toHaveLength(1);
  });
});

describe.runIf(process.platform === 'linux')('a full disk (Linux: a limit on the size of files)', () => {
  it('is StoreUnavailable, loses nothing that was acknowledged, and passes when there is room again (F13)', async () => {
    // The signal of the limit is ignored, so that writing fails as it does on a full disk.
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -S -f 2048; exec "$0" "$@"'];
    const filling = start('fill', 0, limited);
    await filling.line((lines) => lines.length > 1);
    const { codes, messages, kept, acknowledged } = JSON.parse(filling.lines[1] ?? '');
    // A write that found room for its beginning is an EIO for lmdb.
    expect(messages.join(' ')).toMatch(/\((EFBIG|EIO): .+\)/);
    expect([codes, kept]).toEqual([['store_unavailable'], 'kept']);
    expect(acknowledged.length).toBeGreaterThan(10);

    const documents = await engine.listDocuments('things');
    expect(acknowledged.filter((id: string) => documents.get(id)?.length !== 20_000)).toEqual([]);
    spawnSync('prlimit', ['--pid', String(filling.process.pid), '--fsize=unlimited']);
    await filling.line((lines) => lines.includes('grows again'));
    await filling.ended;
    expect((await engine.getDocument('things', 'after'))?.length).toBe(40_000);
  });
});
