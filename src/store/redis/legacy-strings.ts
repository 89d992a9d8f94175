/** Strings of another program in Redis, for imports: reads, and changes nothing. */

import { ConfigurationError } from '../../core/errors.js';
import { parseRedisUrl } from './address.js';
import { createClient, mastersOf } from './client.js';
import { watchConnection } from './connection-watch.js';
import { isInDatabase } from './health.js';
import { type Ask, command, createLink, type RedisLink } from './link.js';
import { parseBuffer, parseList, parseText } from './replies.js';

const times = { commandTimeoutMs: 5_000, connectTimeoutMs: 5_000 };
const keysPerScan = 500;

/**
 * All strings whose keys fit the pattern, each at least once. Lifetimes of keys are not looked at.
 *
 * @throws {ConfigurationError | StoreUnavailable} the URL is unusable, or Redis does not answer
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
    for (let index = 0; index < mastersOf(client).length || index === 0; index += 1) {
      for await (const key of scanMaster(link, index, pattern)) {
        const value = parseBuffer(await link.read(command('GET', key)));
        if (value) yield { key, value: value.toString() };
      }
    }
  } finally {
    await link.close();
  }
}

async function* scanMaster(link: RedisLink, index: number, pattern: string): AsyncGenerator<string> {
  let cursor = '0';
  do {
    const args = [cursor, 'MATCH', pattern, 'COUNT', keysPerScan, 'TYPE', 'string'];
    const scan: Ask = async (client) => mastersOf(client)[index]?.callBuffer('SCAN', args) ?? ['0', []];
    const [next, keys] = parseList(await link.read(scan));
    cursor = parseText(next);
    yield* parseList(keys).map(parseText);
  } while (cursor !== '0');
}
