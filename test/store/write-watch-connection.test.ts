/** The connection on which Redis tells of writes may fail alone: then nothing that was read is taken for current. */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis/address.js';
import { createClient, createMasterClient } from '../../src/store/redis/client.js';
import { watchConnection } from '../../src/store/redis/connection-watch.js';
import { command, createLink } from '../../src/store/redis/link.js';
import { WriteWatch } from '../../src/store/redis/write-watch.js';
import { eventually } from '../support/redis.js';
import { ending, start } from '../support/redis-engines.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';

describe('the connection that is told', () => {
  /** A watch behind a proxy of its own, so that it can fail alone. */
  async function startWatch() {
    const server = await start();
    const proxy = await startTcpFaultProxy(server.port);
    ending.push(() => proxy.close());
    const times = { commandTimeoutMs: 1_500, connectTimeoutMs: 1_500 };
    const client = createClient(parseRedisUrl(server.url), times);
    const link = createLink(client, watchConnection(client), times.commandTimeoutMs);
    ending.push(() => link.close());
    await once(client, 'ready');
    const address = parseRedisUrl(`redis://127.0.0.1:${proxy.port}`);
    if (address.topology === 'cluster') throw new Error('a Cluster');
    const connect = () => createMasterClient(address, times, 3);
    const watch = new WriteWatch({ link, connect, proofKey: 'proof', patienceMs: 100, pauseMs: 20 });
    ending.push(async () => watch.close());
    const tells = () => eventually('Redis tells', async () => watch.sightOf('k') !== undefined);
    const isCurrent = (sight = watch.sightOf('k')) =>
      sight !== undefined && new Promise<boolean>((resolve, reject) => watch.confirm({ item: sight, resolve, reject }));
    const read = () => watch.read(command('GET', 'k')).then(String);
    return { server, proxy, watch, tells, isCurrent, read };
  }

  it('may be silent: then reads are answered by the other one', async () => {
    const { server, proxy, watch, tells, isCurrent, read } = await startWatch();
    await server.command('SET', 'k', 'old');
    await tells();
    const sight = watch.sightOf('k');
    expect(await read()).toBe('old');
    expect(await isCurrent(sight)).toBe(true);
    proxy.setMode('hold');
    await server.command('SET', 'k', 'new');
    expect(await isCurrent(sight)).toBe(false);
    expect(await read()).toBe('new');
  });

  it('is opened again after a pause, and nothing from before it is current', async () => {
    const { proxy, watch, tells, isCurrent, read } = await startWatch();
    for (let time = 0; time < 3; time += 1) {
      await tells();
      const sight = watch.sightOf('k');
      await read();
      expect(await isCurrent(sight)).toBe(true);
      proxy.cut();
      await eventually('it is lost', async () => sight?.isCurrent === false);
      await tells();
      expect(await isCurrent(sight)).toBe(false);
    }
  });

  it('is not trusted if it leads to another server than the link', async () => {
    const { proxy, watch, tells } = await startWatch();
    await tells();
    const stranger = await start();
    proxy.setTarget(stranger.port);
    proxy.cut();
    await eventually('it is lost', async () => watch.sightOf('k') === undefined);
    const sights = new Set<unknown>();
    await eventually('it has been tried there twice', async () => {
      sights.add(watch.sightOf('k'));
      return /client\|tracking:calls=[2-9]/.test(String(await stranger.command('INFO', 'commandstats')));
    });
    expect([...sights]).toEqual([undefined]);
  });
});
