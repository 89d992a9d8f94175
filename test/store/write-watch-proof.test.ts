/** Before Redis is believed, the connection that is told must lead to the master and the database of the link. */

import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis/address.js';
import { createMasterClient } from '../../src/store/redis/client.js';
import { watchConnection } from '../../src/store/redis/connection-watch.js';
import { createLink } from '../../src/store/redis/link.js';
import { WriteWatch } from '../../src/store/redis/write-watch.js';
import { eventually } from '../support/redis.js';
import { ending, start } from '../support/redis-engines.js';

const times = { commandTimeoutMs: 1_500, connectTimeoutMs: 1_500 };

function clientOf(url: string, protocol: 2 | 3) {
  const address = parseRedisUrl(url);
  if (address.topology === 'cluster') throw new Error('a Cluster');
  return createMasterClient(address, times, protocol);
}

/** Whether the watch believes that it is told, in the time of several tries. */
async function isBelieved(linkUrl: string, watchUrl: string, linked: () => Promise<unknown>): Promise<boolean> {
  const client = clientOf(linkUrl, 2);
  const link = createLink(client, watchConnection(client), times.commandTimeoutMs);
  ending.push(() => link.close());
  await once(client, 'ready');
  await linked();
  let tries = 0;
  const connect = () => {
    tries += 1;
    return clientOf(watchUrl, 3);
  };
  const watch = new WriteWatch({ link, client, connect, proofKey: 'proof', patienceMs: 200, pauseMs: 20 });
  ending.push(async () => watch.close());
  await eventually('it is believed, or was tried', async () => watch.sightOf('k') !== undefined || tries > 3);
  return watch.sightOf('k') !== undefined;
}

describe('the connection that is told', () => {
  it('is tried again and again without a word on stderr, whatever the user may not do', async () => {
    const server = await start();
    await server.command('ACL', 'SETUSER', 'u', 'on', '>secret', '~*', '&*', '+@all', '-info', '-client|tracking');
    const written = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    ending.push(async () => written.mockRestore());
    const url = `redis://u:secret@127.0.0.1:${server.port}`;
    expect(await isBelieved(server.url, url, async () => undefined)).toBe(false);
    expect(written.mock.calls).toEqual([]);
  });

  it('is believed at the same master, in the same database', async () => {
    const server = await start();
    expect(await isBelieved(`${server.url}/2`, `${server.url}/2`, async () => undefined)).toBe(true);
  });

  it('is not believed at a replica, which hears of writes only later', async () => {
    const master = await start();
    const replica = await start({
      args: ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0'],
    });
    await eventually('it follows', async () =>
      String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    );
    expect(await isBelieved(master.url, replica.url, async () => undefined)).toBe(false);
  });

  it('is not believed in another database, where it was left because the user may not SELECT', async () => {
    const server = await start();
    await server.command('ACL', 'SETUSER', 'u', 'on', '>secret', '~*', '&*', '+@all');
    const url = `redis://u:secret@127.0.0.1:${server.port}/2`;
    expect(await isBelieved(url, url, () => server.command('ACL', 'SETUSER', 'u', '-select'))).toBe(false);
  });
});
