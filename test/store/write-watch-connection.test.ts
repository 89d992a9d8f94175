/** The connection on which Redis tells of writes may fail alone: then nothing that was read is taken for current. */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis/address.js';
import { createMasterClient } from '../../src/store/redis/client.js';
import { watchConnection } from '../../src/store/redis/connection-watch.js';
import { command, createLink } from '../../src/store/redis/link.js';
import { WriteWatch } from '../../src/store/redis/write-watch.js';
import { eventually } from '../support/redis.js';
import { ending, start } from '../support/redis-engines.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';

const times = { commandTimeoutMs: 1_500, connectTimeoutMs: 1_500 };

describe('the connection that is told', () => {
  async function startProxy(port: number) {
    const proxy = await startTcpFaultProxy(port);
    ending.push(() => proxy.close());
    const address = parseRedisUrl(`redis://127.0.0.1:${proxy.port}`);
    if (address.topology === 'cluster') throw new Error('a Cluster');
    return { proxy, connect: (protocol: 2 | 3) => createMasterClient(address, times, protocol) };
  }

  /** A watch and its link, each behind a proxy of its own, so that each can fail alone. */
  async function startWatch() {
    const server = await start();
    const [{ proxy, connect }, linked] = [await startProxy(server.port), await startProxy(server.port)];
    const client = linked.connect(2);
    const link = createLink(client, watchConnection(client), times.commandTimeoutMs);
    ending.push(() => link.close());
    await once(client, 'ready');
    const how = { proofKey: 'proof', patienceMs: 100, pauseMs: 20 };
    const watch = new WriteWatch({ link, client, connect: () => connect(3), ...how });
    ending.push(async () => watch.close());
    const tells = () => eventually('Redis tells', async () => watch.sightOf('k') !== undefined);
    const isCurrent = (sight = watch.sightOf('k')) =>
      sight !== undefined && new Promise<boolean>((resolve, reject) => watch.confirm({ item: sight, resolve, reject }));
    const read = () => watch.read(command('GET', 'k')).then(String);
    return { server, proxy, linkProxy: linked.proxy, watch, tells, isCurrent, read };
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

  it.each([
    ['it', 'proxy'],
    ['the link', 'linkProxy'],
  ] as const)('is not trusted if %s is led to another server', async (_name, moved) => {
    const { watch, tells, isCurrent, ...proxies } = await startWatch();
    await tells();
    const sight = watch.sightOf('k');
    const stranger = await start();
    proxies[moved].setTarget(stranger.port);
    proxies[moved].cut();
    await eventually('what was read is not current', async () => !(await isCurrent(sight)));
    const sights = new Set<unknown>();
    const ends = performance.now() + 600;
    // Long enough for several tries.
    while (performance.now() < ends) {
      sights.add(watch.sightOf('k'));
      await new Promise(setImmediate);
    }
    expect([...sights]).toEqual([undefined]);
  });
});
