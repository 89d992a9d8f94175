/** An unchanged record is not sent again, and yet every write is seen by whoever asks after it. */

import { describe, expect, it } from 'vitest';
import type { FoundField, KnownField, StorageEngine } from '../../src/store/engine.js';
import { startCommandProxy } from '../support/command-proxy.js';
import { eventually, type RedisProcess } from '../support/redis.js';
import { ending, failureOf, open, owner, start } from '../support/redis-engines.js';
import { asFound } from './samples.js';

const key = `f:{${owner}}`;
const bytesOf = (version: number) => Buffer.from(`the bytes of version ${version}`);
const put = (engine: StorageEngine, version: number, expect: number | 'any' = 'any') =>
  engine.writeFields(owner, [{ field: 'f', expect, next: { version, bytes: bytesOf(version) } }]);

async function found(engine: StorageEngine): Promise<FoundField> {
  const field = await engine.findField(owner, 'f');
  if (field === undefined) throw new Error('the field is not there');
  return field;
}

/** What was found, as soon as Redis tells of writes to it. */
async function watched(engine: StorageEngine): Promise<KnownField> {
  const { known } = await found(engine);
  await eventually('Redis tells of writes', async () => {
    expect(await engine.readUnlessSame(known, asFound)).toBe('same');
    return known.sight?.isCurrent === true;
  });
  return known;
}

/** Of the connection that is told. */
async function idOfWatch(server: RedisProcess): Promise<string> {
  const clients = String(await server.command('CLIENT', 'LIST')).split('\n');
  return /\bid=(\d+)/.exec(clients.find((line) => / flags=t /.test(line)) ?? '')?.[1] ?? 'none';
}

describe('a record that is read again', () => {
  it('is not sent again while nobody writes it', async () => {
    const server = await start();
    const proxy = await startCommandProxy(server.port, () => undefined);
    ending.push(() => proxy.close());
    const engine = await open(`redis://127.0.0.1:${proxy.port}`);
    await put(engine, 1);
    const known = await watched(engine);
    const before = proxy.seen.length;
    for (let time = 0; time < 3; time += 1) expect(await engine.readUnlessSame(known, asFound)).toBe('same');
    expect(proxy.seen.slice(before)).toEqual(['PING', 'PING', 'PING']);
    // Many at once cost one question.
    await Promise.all(Array.from({ length: 30 }, () => engine.readUnlessSame(known, asFound)));
    expect(proxy.seen.length - before).toBe(4);
  });

  it('is as new as the last write that was acknowledged, among many readers and writers', async () => {
    const server = await start();
    const [writer, ...readers] = await Promise.all([1, 2, 3].map(() => open(server.url)));
    if (writer === undefined) throw new Error('no writer');
    await put(writer, 1);
    let acknowledged = 1;
    let reads = 0;
    let answeredByPing = 0;
    const writing = (async () => {
      // Pauses of many lengths, so that Redis is asked at every moment around a write.
      for (let version = 2; version <= 1_500; version += 1) {
        expect(await put(writer, version, version - 1)).toBe('stored');
        acknowledged = version;
        for (let turn = 0; turn < version % 7; turn += 1) await new Promise(setImmediate);
      }
      acknowledged = Number.POSITIVE_INFINITY;
    })();
    const reading = async (engine: StorageEngine) => {
      let last = await found(engine);
      for (;;) {
        const least = acknowledged;
        if (least === Number.POSITIVE_INFINITY) return;
        const wasCurrent = last.known.sight?.isCurrent === true;
        const answer = await engine.readUnlessSame(last.known, asFound);
        if (answer === undefined) throw new Error('the field is gone');
        if (answer !== 'same') last = answer;
        else if (wasCurrent) answeredByPing += 1;
        if (last.version < least) expect.fail(`read version ${last.version} after ${least} was acknowledged`);
        reads += 1;
      }
    };
    await Promise.all([writing, ...readers.flatMap((engine) => [1, 2, 3, 4].map(() => reading(engine)))]);
    expect(reads).toBeGreaterThan(1_000);
    expect(answeredByPing, 'reads that a PING has answered').toBeGreaterThan(100);
  }, 60_000);

  it('is read if anybody has written it, by whatever command', async () => {
    const server = await start();
    const [engine, other] = [await open(server.url), await open(server.url)];
    const writes: Record<string, () => Promise<unknown>> = {
      'the same process': () => put(engine, 2),
      'another process': () => put(other, 2),
      'the same version with other bytes': () => other.exchangeField(owner, 'f', { version: 1, bytes: bytesOf(7) }),
      'an erased user': () => other.eraseOwner(owner),
      DEL: () => server.command('DEL', key),
      RENAME: () => server.command('RENAME', key, 'elsewhere'),
      'PEXPIRE that has passed': () => server.command('PEXPIRE', key, 0),
      FLUSHALL: () => server.command('FLUSHALL'),
      SETRANGE: () => server.command('SETRANGE', key, 20, 'X'),
    };
    for (const [name, write] of Object.entries(writes)) {
      await server.command('FLUSHALL');
      await put(engine, 1);
      const known = await watched(engine);
      await write();
      const answer = await engine.readUnlessSame(known, asFound).catch(() => 'unreadable');
      expect(answer, name).not.toBe('same');
    }
  });

  it('is read if the connection that is told has ended', async () => {
    const server = await start();
    const [engine, other] = [await open(server.url), await open(server.url)];
    await put(engine, 1);
    const known = await watched(engine);
    await server.command('CLIENT', 'KILL', 'ID', await idOfWatch(server));
    await put(other, 2);
    expect(await engine.readUnlessSame(known, asFound)).toMatchObject({ version: 2 });
  });

  it('fails in the time of a command if Redis is frozen', async () => {
    const server = await start();
    const engine = await open(server.url, 600);
    await put(engine, 1);
    const known = await watched(engine);
    server.pause();
    expect((await failureOf(engine.readUnlessSame(known, asFound))).ms).toBeLessThan(1_000);
    server.resume();
    await eventually(
      'it is read again',
      async () => (await engine.readUnlessSame(known, asFound).catch(() => '')) === 'same',
    );
  });

  it('warns of nothing if many questions are under way when Redis freezes', async () => {
    const warnings: unknown[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on('warning', note);
    ending.push(async () => void process.off('warning', note));
    const server = await start();
    const engine = await open(server.url, 600);
    await put(engine, 1);
    const known = await watched(engine);
    server.pause();
    const asked: Promise<unknown>[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      asked.push(engine.readUnlessSame(known, asFound).catch(() => 'failed'));
      await new Promise(setImmediate);
    }
    expect(await Promise.all(asked)).toEqual(new Array(20).fill('failed'));
    server.resume();
    expect(warnings).toEqual([]);
  });

  it('leaves no connection behind when the engine is closed', async () => {
    const server = await start();
    const engine = await open(server.url);
    await put(engine, 1);
    await watched(engine);
    await engine.close();
    await eventually('only the one who asks is there', async () => {
      return (
        String(await server.command('CLIENT', 'LIST'))
          .trim()
          .split('\n').length === 1
      );
    });
  });
});

describe('a Redis that does not tell', () => {
  /** Writes and reads in turns; answers whether anything that was read was ever current. */
  async function reads(url: string, server: RedisProcess): Promise<readonly (boolean | undefined)[]> {
    const [engine, other] = [await open(url), await open(server.url)];
    await put(other, 1);
    let last = await found(engine);
    const sights: (boolean | undefined)[] = [];
    for (let version = 2; version < 12; version += 1) {
      expect(await engine.readUnlessSame(last.known, asFound)).toBe('same');
      sights.push(last.known.sight?.isCurrent);
      // Long enough to find out that nothing is told.
      if (version === 4) await new Promise((resolve) => setTimeout(resolve, 400));
      await put(other, version);
      const next = await engine.readUnlessSame(last.known, asFound);
      if (next === undefined || next === 'same') throw new Error('the write was not seen');
      expect(next.version).toBe(version);
      last = next;
    }
    return sights;
  }
  const never = new Array(10).fill(undefined);

  it.each([
    ['accepts it and tells nothing', 'CLIENT TRACKING', ['PING']],
    ['knows nothing of it', 'CLIENT TRACKING', ['CLIENT', 'NOTHING']],
    ['has no RESP3', 'HELLO 3', ['NOTHING']],
  ])('because it %s is asked each time', async (_name, replacedStart, instead) => {
    const server = await start();
    const proxy = await startCommandProxy(server.port, (words) =>
      words.join(' ').toUpperCase().startsWith(replacedStart) ? instead : undefined,
    );
    ending.push(() => proxy.close());
    expect(await reads(`redis://127.0.0.1:${proxy.port}`, server)).toEqual(never);
  });

  it('because the user may not ask for that is asked each time', async () => {
    const server = await start();
    await server.command('ACL', 'SETUSER', 'u', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
    expect(await reads(`redis://u:secret@127.0.0.1:${server.port}`, server)).toEqual(never);
  });
});
