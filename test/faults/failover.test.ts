/** Masters that die with writes that nobody else has: what was committed is put back, and nobody loses a connection (R9). */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually, type RedisProcess } from '../support/redis.js';
import { openPair } from './redis-pair.js';
import { ask, connect, openBench, openProvider, type Place } from './stage.js';

const endedMs = -10_000;

/** What one server holds under the keys of a pattern. */
async function valuesIn(server: RedisProcess, read: 'GET' | 'HGETALL', pattern: string): Promise<readonly string[]> {
  const keys = await server.command('KEYS', pattern);
  const values = (Array.isArray(keys) ? keys : []).map((key) => server.command(read, String(key)));
  return (await Promise.all(values)).map((value) => JSON.stringify(value));
}

const recordsIn = async (server: RedisProcess, prefix: string) =>
  (await valuesIn(server, 'GET', `${prefix}:{*}`)).join();
const holdersOf = (server: RedisProcess, prefix: string) => valuesIn(server, 'HGETALL', `${prefix}:{*}:l`);

describe('R9: a failover that loses the latest writes', () => {
  it('gets a refresh back from the process that committed it, and the spent refresh token is not sent again', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const place: Place = { redisUrl: pair.url, keyPrefix: 'r9' };
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    await pair.part();
    const token = await ask(bench, 'u');
    expect(provider.honours(token)).toBe(true);
    await pair.failOver();
    await eventually('it is put back', () => bench.manager.figures().commitsRestored > 0);
    const other = await openBench(place, provider);
    expect(await ask(other, 'u')).toBe(token);
    bench.clock.advance(3_700_000);
    await eventually('it goes on refreshing', async () => provider.honours(await ask(bench, 'u')));
    expect(provider.seen).toMatchObject({ redemptions: 2, reuses: 0 });
  }, 60_000);

  it('is noticed before a refresh begins: callers who ask at once do not send the old refresh token', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const bench = await openBench({ redisUrl: pair.url, keyPrefix: 'r9' }, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    await pair.part();
    const token = await ask(bench, 'u');
    await pair.failOver();
    await eventually('it answers', async () => (await ask(bench, 'u')) === token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 60_000);

  it('knows of a sending under way: nobody sends the same refresh token again', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const place: Place = { redisUrl: pair.url, keyPrefix: 'r9' };
    const [sender, other] = [await openBench(place, provider), await openBench(place, provider)];
    await connect(sender, provider, { user: 'u', leftMs: endedMs });
    await pair.part();
    const open = provider.hold();
    const asked = ask(sender, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    await pair.failOver();
    const second = ask(other, 'u');
    await eventually('its intent is back', async () => (await holdersOf(pair.replica, 'r9')).length === 1);
    open();
    expect(provider.honours(await asked)).toBe(true);
    await eventually('the other has it, too', async () => (await ask(other, 'u')) === (await asked));
    expect([await asked, 'store_unavailable']).toContain(await second);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 60_000);

  it('gets a commit back whose reply was lost before', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const place: Place = { redisUrl: pair.url, keyPrefix: 'r9' };
    const bench = await openBench(place, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    await pair.part();
    const open = provider.hold();
    const asked = ask(bench, 'u');
    await eventually('the refresh token was sent', () => provider.seen.redemptions === 1);
    const before = await recordsIn(pair.master, 'r9');
    pair.proxy.setMode('cut-replies');
    open();
    await eventually('the commit has arrived', async () => (await recordsIn(pair.master, 'r9')) !== before);
    pair.proxy.setMode('pass');
    const token = await asked;
    await pair.failOver();
    await eventually('it is put back', () => bench.manager.figures().commitsRestored > 0);
    const other = await openBench(place, provider);
    expect(await ask(other, 'u')).toBe(token);
    expect(provider.seen).toMatchObject({ redemptions: 1, reuses: 0 });
  }, 60_000);

  it('brings nothing back that was disconnected', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const bench = await openBench({ redisUrl: pair.url, keyPrefix: 'r9' }, provider);
    await connect(bench, provider, { user: 'u', leftMs: 3_600_000 });
    await pair.part();
    await bench.manager.deleteToken('u', 'rotating');
    await pair.failOver();
    await eventually('it is gone again', async () => (await ask(bench, 'u')) === 'none');
  }, 60_000);
});

describe('R9: commits that wait for replicas', () => {
  const wait = (timeoutMs: number) => ({ redisWait: { replicas: 1, timeoutMs, onDisk: false } });

  it('are confirmed by them, and counted when they are not, which is no error to anybody', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const bench = await openBench({ redisUrl: pair.url, keyPrefix: 'wait', ...wait(2_000) }, provider);
    await connect(bench, provider, { user: 'u', leftMs: endedMs });
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    expect(bench.manager.figures().commitsUnacknowledged).toBe(0);
    pair.replica.pause();
    bench.clock.advance(3_700_000);
    expect(provider.honours(await ask(bench, 'u'))).toBe(true);
    expect(bench.manager.figures().commitsUnacknowledged).toBeGreaterThan(0);
    expect(bench.log).toContainEqual({ level: 'warn', message: 'too few replicas have confirmed a commit' });
    pair.replica.resume();
  }, 60_000);

  it('hold up nobody else', async () => {
    const pair = await openPair();
    const provider = await openProvider();
    const bench = await openBench({ redisUrl: pair.url, keyPrefix: 'wait', ...wait(3_000) }, provider);
    for (const user of ['a', 'b']) await connect(bench, provider, { user, leftMs: 3_600_000 });
    pair.replica.pause();
    let isWritten = false;
    const writing = connect(bench, provider, { user: 'a', leftMs: 3_600_000 }).then(() => (isWritten = true));
    await sleep(100);
    expect(await ask(bench, 'b')).toMatch(/^at-/);
    expect(isWritten).toBe(false);
    await writing;
    pair.replica.resume();
  }, 60_000);
});
