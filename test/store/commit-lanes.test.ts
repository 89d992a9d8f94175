/** What a commit waits for: replicas' memory or disks, by what Redis has. */

import { beforeEach, expect, it, onTestFinished } from 'vitest';
import type { OwnerKey } from '../../src/core/identifiers.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { startCommandProxy } from '../support/command-proxy.js';
import { type RedisProcess, startRedis } from '../support/redis.js';

const owner = 'o'.repeat(24) as OwnerKey;
const put = (field: string) => ({ field, expect: 'absent', next: { version: 1, bytes: Buffer.from('b') } }) as const;

let server: RedisProcess;
let warnings: string[];
beforeEach(async () => {
  server = await startRedis({ args: ['--save', '3600 1'] });
  warnings = [];
  onTestFinished(() => server.stop());
});

/** An engine that waits for disks, behind a proxy that answers WAITAOF with what a script in Lua returns. */
async function openOnDisk(answer: string) {
  const proxy = await startCommandProxy(server.port, ([name]) =>
    name?.toUpperCase() === 'WAITAOF' ? ['EVAL', answer, '0'] : undefined,
  );
  const log = { info() {}, warn: (_fields: object, message: string) => void warnings.push(message) };
  const wait = { replicas: 1, timeoutMs: 50, onDisk: true };
  const engine = await openRedisEngine({ url: `redis://127.0.0.1:${proxy.port}`, keyPrefix: 'lanes', wait, log });
  onTestFinished(async () => {
    await engine.close();
    await proxy.close();
  });
  return { engine, waits: () => proxy.seen.filter((name) => name.startsWith('WAIT')) };
}

it('waits with WAITAOF where Redis has it, and counts the disks', async () => {
  const { engine, waits } = await openOnDisk('return {1, 1}');
  expect(await engine.writeFields(owner, [put('a')])).toBe('stored');
  expect(await engine.writeFields(owner, [put('b')])).toBe('stored');
  expect(new Set(waits())).toEqual(new Set(['WAITAOF']));
  expect(engine.figures?.().commitsUnacknowledged).toBe(0);
});

it.each([
  ['the disk here', 'return {0, 1}'],
  ["the replica's disk", 'return {1, 0}'],
])('counts a commit that %s has not confirmed', async (_which, answer) => {
  const { engine } = await openOnDisk(answer);
  expect(await engine.writeFields(owner, [put('a')])).toBe('stored');
  expect(engine.figures?.().commitsUnacknowledged).toBe(1);
  expect(warnings).toEqual(['too few replicas have confirmed a commit']);
});

it('waits with WAIT from then on where Redis has no WAITAOF, and says so once', async () => {
  const { engine, waits } = await openOnDisk(`return redis.error_reply("ERR unknown command 'WAITAOF'")`);
  for (const field of ['a', 'b', 'c']) expect(await engine.writeFields(owner, [put(field)])).toBe('stored');
  // The first commit brings its script, so it is sent twice.
  expect(waits()).toEqual(['WAITAOF', 'WAITAOF', 'WAIT', 'WAIT']);
  const told = 'Redis has no WAITAOF for us (7.2 has it): commits wait for the memory of replicas';
  expect(warnings.filter((message) => message === told)).toHaveLength(1);
});
