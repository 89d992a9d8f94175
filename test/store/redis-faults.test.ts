/** The Redis engine when Redis is away, slow, or cut off (threats F1-F3, section 6.1). */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { createLink } from '../../src/store/redis/link.js';
import { eventually, findFreePort, succeeds } from '../support/redis.js';
import { allCalls, ending, failureOf, keep, open, start, startBehindProxy } from '../support/redis-engines.js';

describe('a Redis that is away', () => {
  it('does not hinder the start, and is used as soon as it is there (F1)', async () => {
    const server = await start();
    await server.end();
    const engine = await open(server.url);
    const { error } = await failureOf(engine.check());
    expect(error.carriedOut).toBe('no');
    expect(error.message).toContain('ECONNREFUSED');
    await server.restart();
    await eventually('the engine works', () => succeeds(engine.now()), 3_000);
  });

  it('in the middle is StoreUnavailable for every call in less than 2 s, and comes back by itself (F2)', async () => {
    const server = await start();
    const engine = await open(server.url);
    await Promise.all(allCalls(engine));
    await server.kill9();
    for (const { ms } of await Promise.all(allCalls(engine).map(failureOf))) expect(ms).toBeLessThan(2_000);
    // A dead Redis that is known to be dead is not waited for: callers would pile up.
    await sleep(1_100);
    for (const { ms } of await Promise.all(allCalls(engine).map(failureOf))) expect(ms).toBeLessThan(200);
    await server.restart();
    await eventually('the engine works', () => succeeds(engine.now()), 3_000);
    // Claims last: another process may have something to put back.
    await eventually('every call works', () => succeeds(Promise.all(allCalls(engine))));
  }, 30_000);

  it('is not noticed by a call when the connection is cut between calls', async () => {
    const [proxy, engine] = await startBehindProxy();
    await engine.putExpiring('k', Buffer.from('b'), 60_000);
    proxy.cut();
    await sleep(20);
    expect(await engine.takeExpiring('k')).toEqual(Buffer.from('b'));
  });

  it('that is frozen answers StoreUnavailable at the deadline, unknown, and works again when it runs on (F3)', async () => {
    const server = await start();
    const engine = await open(server.url, 500);
    server.pause();
    const { error, ms } = await failureOf(engine.putDocument('c', 'i', Buffer.from('b')));
    expect(error.carriedOut).toBe('unknown');
    expect(ms).toBeLessThan(900);
    for (const failure of await Promise.all(allCalls(engine).map(failureOf))) expect(failure.ms).toBeLessThan(900);
    server.resume();
    await eventually('the engine works', () => succeeds(engine.now()), 3_000);
  });

  it('is left for a new connection when it stays silent: a frozen master is not waited for', async () => {
    const [proxy, engine] = await startBehindProxy(300);
    proxy.setMode('hold');
    await failureOf(engine.now());
    // The old connection would stay silent for ever; only a new one passes.
    proxy.setMode('pass');
    await eventually('the engine works', () => succeeds(engine.now()), 3_000);
  });

  it('keeps those who wait for a log waiting, and wakes them when it is back', async () => {
    const server = await start({ args: ['--appendonly', 'yes'] });
    const [reader, writer] = [await open(server.url), await open(server.url)];
    const before = await reader.newestId('log');
    const signal = AbortSignal.timeout(12_000);
    const waiting = reader.waitLog('log', before, signal);
    await server.kill9();
    await sleep(300);
    await server.restart();
    await eventually('an entry', () => succeeds(writer.append('log', Buffer.from('b'), keep)));
    await waiting;
    expect(signal.aborted).toBe(false);
    expect(await reader.readLog('log', before, 1)).toHaveLength(1);
  });
});

describe('the deadline of a call', () => {
  it('covers all of its tries together', async () => {
    const watch = { isReady: () => true, goneForMs: () => 0, fault: () => undefined, settled: async () => {} };
    const link = createLink(new Redis({ lazyConnect: true }), watch, 300);
    let tries = 0;
    const ask = async () => {
      tries += 1;
      if (tries > 1) return new Promise(() => {});
      await sleep(200);
      throw new Error('Connection is closed.');
    };
    const { ms } = await failureOf(link.read(ask));
    expect(tries).toBe(2);
    expect(ms).toBeLessThan(400);
  });
});

describe('taking a value once (6.1)', () => {
  it('whose answer is cut off is an unknown outcome: never a second GETDEL, never "absent"', async () => {
    const [proxy, engine, server] = await startBehindProxy();
    for (let round = 0; round < 20; round += 1) {
      await engine.putExpiring(`k${round}`, Buffer.from('b'), 60_000);
      await server.command('CONFIG', 'RESETSTAT');
      proxy.setMode('cut-replies');
      const { error } = await failureOf(engine.takeExpiring(`k${round}`));
      expect(error.carriedOut).toBe('unknown');
      proxy.setMode('pass');
      await eventually('the engine works', () => succeeds(engine.now()));
      expect(String(await server.command('INFO', 'commandstats'))).toMatch(/cmdstat_getdel:calls=1,/);
    }
  });

  it('whose answer is lost in silence is an unknown outcome at the deadline', async () => {
    const [proxy, engine] = await startBehindProxy(300);
    await engine.putExpiring('k', Buffer.from('b'), 60_000);
    proxy.setMode('drop-replies');
    const { error, ms } = await failureOf(engine.takeExpiring('k'));
    expect(error.carriedOut).toBe('unknown');
    expect(ms).toBeLessThan(600);
    proxy.setMode('pass');
    await eventually('the engine works', () => succeeds(engine.now()));
    expect(await engine.getExpiring('k')).toBeUndefined();
  });

  it('while connections are cut at random hands each value to one of two takers at most', async () => {
    const [proxy, one, server] = await startBehindProxy();
    const other = await open(server.url);
    const outcomes: (readonly [one: unknown, other: unknown])[] = [];
    for (let round = 0; round < 40; round += 1) {
      await eventually('put', () => other.putExpiring(`r${round}`, Buffer.from('b'), 60_000).then(() => true));
      const both = Promise.allSettled([one.takeExpiring(`r${round}`), other.takeExpiring(`r${round}`)]);
      if (round % 2 === 0) setImmediate(() => proxy.cut());
      const [first, second] = await both;
      outcomes.push([
        first.status === 'fulfilled' ? first.value : 'error',
        second.status === 'fulfilled' ? second.value : 'error',
      ]);
    }
    for (const pair of outcomes) {
      expect(pair.filter((outcome) => Buffer.isBuffer(outcome)).length).toBeLessThanOrEqual(1);
      // Both absent would mean that somebody took it and was told otherwise.
      expect(pair.every((outcome) => outcome === undefined)).toBe(false);
    }
  });
});

describe('a port that nobody listens on', () => {
  it.each([
    ['redis', ''],
    ['redis+sentinel', '/m'],
    ['redis+cluster', ''],
  ])('does not hinder the start of %s (F1)', async (scheme, path) => {
    const url = `${scheme}://127.0.0.1:${await findFreePort()}${path}`;
    const engine = await openRedisEngine({ url, keyPrefix: 'f', connectTimeoutMs: 300 });
    ending.push(() => engine.close());
    const { error, ms } = await failureOf(engine.check());
    expect(error).toMatchObject({ carriedOut: 'no', message: /cannot be reached|Sentinel/ });
    expect(ms).toBeLessThan(1_600);
  });

  it('is tried for the connect timeout only when opening', async () => {
    const startedAt = performance.now();
    const url = `redis://127.0.0.1:${await findFreePort()}`;
    const engine = await openRedisEngine({ url, keyPrefix: 'f', connectTimeoutMs: 200 });
    ending.push(() => engine.close());
    expect(performance.now() - startedAt).toBeLessThan(600);
  });
});
