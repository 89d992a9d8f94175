/** No connection of the engine is lost for good, and one that is lost for a while is no commit's way (threats F4, R9). */

import { describe, it } from 'vitest';
import type { OwnerKey } from '../../src/core/identifiers.js';
import { parseRedisUrl } from '../../src/store/redis/address.js';
import { createClient } from '../../src/store/redis/client.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { startCommandProxy } from '../support/command-proxy.js';
import { eventually, startRedis, succeeds } from '../support/redis.js';
import { startSentinel } from '../support/redis-topologies.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';

const owner = 'o'.repeat(24) as OwnerKey;
const put = (field: string) => ({ field, expect: 'absent', next: { version: 1, bytes: Buffer.from('b') } }) as const;
const wait = { replicas: 0, timeoutMs: 50, onDisk: false };

/** Sentinels and what they watch, until the test is over. */
async function startWatched(onTestFinished: (end: () => Promise<void>) => void) {
  const topology = await startSentinel();
  onTestFinished(() => topology.stop());
  return topology;
}

// Most of them wait for servers to notice each other, so they wait together.
describe.concurrent('a connection to Redis', () => {
  it('a failover that is told while a client asks a Sentinel for the master ends no connection for good', async ({
    expect,
    onTestFinished,
  }) => {
    const topology = await startWatched(onTestFinished);
    const { sentinels, masterName } = topology;
    const [master, heir] = topology.nodes;
    const proxy = await startTcpFaultProxy(sentinels[0]?.port ?? 0);
    onTestFinished(() => proxy.close());
    // From this one the client learns of the others, who tell it of failovers.
    const url = `redis+sentinel://127.0.0.1:${proxy.port}/${masterName}`;
    const engine = await openRedisEngine({ url, keyPrefix: 'told', commandTimeoutMs: 20_000, wait });
    onTestFinished(() => engine.close());
    expect(await engine.writeFields(owner, [put('before')])).toBe('stored');

    proxy.setMode('hold');
    await master?.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await sentinels[1]?.command('SENTINEL', 'FAILOVER', masterName);
    for (const sentinel of sentinels) {
      await eventually('the Sentinel names the heir', async () => {
        const address = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName);
        return Array.isArray(address) && Number(address[1]) === heir?.port;
      });
    }
    proxy.setMode('pass');
    proxy.cut();

    let stored: string | undefined;
    await eventually('it writes again', async () => {
      stored = await engine.writeFields(owner, [put('after')]).catch(() => undefined);
      return stored !== undefined;
    });
    expect(stored).toBe('stored');
  }, 60_000);

  it('Sentinels that were started again still tell who was idle that a frozen master is none any more', async ({
    expect,
    onTestFinished,
  }) => {
    const topology = await startWatched(onTestFinished);
    const { url, sentinels, masterName } = topology;
    const [master, heir] = topology.nodes;
    const open = async () => {
      const engine = await openRedisEngine({ url, keyPrefix: 'idle' });
      onTestFinished(() => engine.close());
      return engine;
    };
    const [idle, busy] = [await open(), await open()];
    for (const sentinel of sentinels) {
      await sentinel.end();
      await sentinel.restart();
      await eventually('the clients listen again', async () => {
        const clients = String(await sentinel.command('CLIENT', 'LIST'));
        return clients.match(/ sub=1 /g)?.length === 2;
      });
      await eventually('it agrees', () => succeeds(sentinel.command('SENTINEL', 'CKQUORUM', masterName)));
    }
    master?.pause();
    onTestFinished(() => master?.resume());
    await eventually('it is written', () => succeeds(busy.writeFields(owner, [put('late')])), 30_000);
    expect(String(await heir?.command('ROLE'))).toContain('master');
    master?.resume();
    let found: unknown;
    await eventually('it is read', () =>
      succeeds(
        idle.readField(owner, 'late').then((value) => {
          found = value;
        }),
      ),
    );
    expect(found).toBeDefined();
  }, 90_000);

  it('a Sentinel that was away for many tries is listened to when it is there', async ({ onTestFinished }) => {
    const topology = await startWatched(onTestFinished);
    const [late] = topology.sentinels.slice(-1);
    if (late === undefined) throw new TypeError('no Sentinel');
    await late.end();
    const client = createClient(parseRedisUrl(topology.url), { commandTimeoutMs: 1500, connectTimeoutMs: 1500 });
    onTestFinished(() => client.disconnect());
    let tries = 0;
    client.on('sentinelReconnecting', () => {
      tries += 1;
    });
    await eventually('it was tried often', () => tries > 22, 60_000);
    await late.restart();
    await eventually('it is listened to', async () => / sub=1 /.test(String(await late.command('CLIENT', 'LIST'))));
  }, 90_000);

  it('a Sentinel that does not answer who listens is asked anew, and ends no process', async ({
    expect,
    onTestFinished,
  }) => {
    const topology = await startWatched(onTestFinished);
    const [sentinel] = topology.sentinels;
    let isSilent = false;
    // It tells of the other Sentinels, not of itself: none but the proxy leads to it.
    const proxy = await startCommandProxy(sentinel?.port ?? 0, ([name]) =>
      isSilent && name?.toUpperCase() === 'SUBSCRIBE' ? ['CLIENT', 'REPLY', 'OFF'] : undefined,
    );
    onTestFinished(() => proxy.close());
    const asked = () => proxy.seen.filter((name) => name === 'SUBSCRIBE').length;
    const isHeard = async () => String(await sentinel?.command('CLIENT', 'LIST')).includes(' sub=1 ');
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const url = `redis+sentinel://127.0.0.1:${proxy.port}/${topology.masterName}`;
    const client = createClient(parseRedisUrl(url), { commandTimeoutMs: 1500, connectTimeoutMs: 1500 });
    onTestFinished(() => client.disconnect());
    await eventually('it is heard', isHeard);

    const fallSilent = async () => {
      const before = asked();
      isSilent = true;
      await sentinel?.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await eventually('it is asked again', () => asked() > before);
    };
    await fallSilent();
    isSilent = false;
    await eventually('it is heard again', isHeard);
    await fallSilent();
    client.disconnect();
    await eventually('it has ended', () => client.status === 'end');
    expect(unhandled).toEqual([]);
  }, 60_000);

  it('an address that leads to a new master is asked for it when the former one has become read-only', async ({
    expect,
    onTestFinished,
  }) => {
    const [former, heir] = [await startRedis(), await startRedis()];
    for (const each of [former, heir]) onTestFinished(() => each.stop());
    const proxy = await startTcpFaultProxy(former.port);
    onTestFinished(() => proxy.close());
    const engine = await openRedisEngine({ url: `redis://127.0.0.1:${proxy.port}`, keyPrefix: 'moved', wait });
    onTestFinished(() => engine.close());
    expect(await engine.writeFields(owner, [put('before')])).toBe('stored');

    proxy.setTarget(heir.port);
    // Its connections stay open: nothing but its refusals tells of the change.
    await former.command('REPLICAOF', '127.0.0.1', String(heir.port));
    await eventually('it writes again', () => succeeds(engine.writeFields(owner, [put('after')])));
    expect(await heir.command('DBSIZE')).toBeGreaterThan(0);
  }, 60_000);

  it('a commit does not take the one lane that has no connection', async ({ expect, onTestFinished }) => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const proxy = await startTcpFaultProxy(server.port);
    onTestFinished(() => proxy.close());
    const engine = await openRedisEngine({ url: `redis://127.0.0.1:${proxy.port}`, keyPrefix: 'lanes', wait });
    onTestFinished(() => engine.close());
    expect(await engine.writeFields(owner, [put('first')])).toBe('stored');

    proxy.setMode('refuse');
    const clients = String(await server.command('CLIENT', 'LIST')).split('\n');
    const lane = clients.find((line) => line.includes(' cmd=wait '));
    expect(await server.command('CLIENT', 'KILL', 'ID', /^id=(\d+)/.exec(lane ?? '')?.[1] ?? '')).toBe(1);
    // Until the client has noticed, a write may be lost on the way.
    await eventually('it writes again', () => succeeds(engine.writeFields(owner, [put('second')])));
    const stored = Array.from({ length: 20 }, (_, index) => engine.writeFields(owner, [put(`f${index}`)]));
    expect(await Promise.all(stored)).toEqual(stored.map(() => 'stored'));
    // The lane is still gone.
    expect(String(await server.command('CLIENT', 'LIST')).match(/name=valetkey /g)).toHaveLength(4);
  });
});
