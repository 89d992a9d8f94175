/** Reads strings of another program in Redis, for imports. Changes nothing. */

import { ConfigurationError } from '../../core/errors.js';
import { parseRedisUrl } from './address.js';
import { createClient } from './client.js';
import { watchConnection } from './connection-watch.js';
import { isInDatabase } from './health.js';
import { command, createLink } from './link.js';
import { parseBuffer } from './replies.js';
import { scanOn } from './scan.js';

const times = { commandTimeoutMs: 5_000, connectTimeoutMs: 5_000 };
const keysPerScan = 500;

/**
 * All strings whose keys match the pattern, each at least once. Their times to live are ignored.
 *
 * @throws {ConfigurationError | StoreUnavailable} the URL is unusable, Redis does not answer, or a Cluster is not whole
 */
export async function* readLegacyStrings(
  url: string,
  pattern: string,
): AsyncGenerator<{ readonly key: string; readonly value: string }> {
  const address = parseRedisUrl(url);
  const client = createClient(address, times);
  const watch = watchConnection(client);
  const link = createLink(client, watch, times.commandTimeoutMs);
  try {
    await watch.settled(times.connectTimeoutMs);
    if (!(await isInDatabase(link, address))) {
      throw new ConfigurationError([{ name: 'REDIS_URL', problem: 'names a database that is not there' }]);
    }
    let cursor: string | undefined;
    do {
      const { keys, next } = await scanOn(link, ['MATCH', pattern, 'COUNT', keysPerScan, 'TYPE', 'string'], cursor);
      for (const key of keys) {
        const value = parseBuffer(await link.read(command('GET', key)));
        if (value) yield { key, value: value.toString() };
      }
      cursor = next;
    } while (cursor !== undefined);
  } finally {
    await link.close();
  }
}
