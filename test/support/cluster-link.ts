/** A client of a Cluster with everything that the engine adds to it, for tests of the client itself. */

import { Cluster } from 'ioredis';
import { onTestFinished } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis/address.js';
import { createClient } from '../../src/store/redis/client.js';
import { watchConnection } from '../../src/store/redis/connection-watch.js';
import { examineRedis } from '../../src/store/redis/health.js';
import { createLink } from '../../src/store/redis/link.js';
import { eventually } from './redis.js';

/** Resolves when it is connected; the test's end closes it. */
export async function openClusterLink(url: string) {
  const address = parseRedisUrl(url);
  const client = createClient(address, { commandTimeoutMs: 1500, connectTimeoutMs: 1500 });
  if (!(client instanceof Cluster)) throw new TypeError('no Cluster');
  const link = createLink(client, watchConnection(client), 1500);
  onTestFinished(() => link.close());
  await eventually('it is connected', () => client.status === 'ready');
  return { client, link, examine: () => examineRedis(link, address) };
}
