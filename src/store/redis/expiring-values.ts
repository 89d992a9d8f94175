/** Values, counts and leases that expire by themselves: strings with a time to live. */

import type { ExpiringValues } from '../engine.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList, parseNumber } from './replies.js';
import { loadScript } from './scripts.js';

const countScript = loadScript('count');
const exchangeScript = loadScript('exchange-expiring');
const renewScript = loadScript('renew-lease');
const releaseScript = loadScript('release-lease');

/** Binds the part to a link and a prefix. */
export function createExpiringValues(link: RedisLink, keys: RedisKeys): ExpiringValues {
  return {
    putExpiring: async (key, bytes, ttlMs) => {
      await link.write(command('SET', keys.expiring(key), bytes, 'PX', wholeMs(ttlMs)));
    },
    getExpiring: async (key) => parseBuffer(await link.read(command('GET', keys.expiring(key)))),
    takeExpiring: async (key) => parseBuffer(await link.write(command('GETDEL', keys.expiring(key)))),
    removeExpiring: async (key) => {
      await link.write(command('DEL', keys.expiring(key)));
    },
    exchangeExpiring: async (key, { known, next, ttlMs }) =>
      parseNumber(await link.write(exchangeScript([keys.expiring(key)], known ?? '', next, wholeMs(ttlMs)))) === 1,
    prolongExpiring: async (key, ttlMs) =>
      parseNumber(await link.write(command('PEXPIRE', keys.expiring(key), wholeMs(ttlMs)))) === 1,
    count: async (key, windowMs, by = 1) => {
      const [count, remainingMs] = parseList(
        await link.write(countScript([keys.expiring(key)], wholeMs(windowMs), by)),
      );
      return { count: parseNumber(count), remainingMs: parseNumber(remainingMs) };
    },
    readCount: async (key) => Number(parseBuffer(await link.read(command('GET', keys.expiring(key))))?.toString() ?? 0),
    acquireLease: async (key, holder, ttlMs) =>
      parseSet(await link.write(command('SET', keys.expiring(key), holder, 'PX', wholeMs(ttlMs), 'NX'))),
    renewLease: async (key, holder, ttlMs) =>
      parseNumber(await link.write(renewScript([keys.expiring(key)], holder, wholeMs(ttlMs)))) === 1,
    releaseLease: async (key, holder) => {
      await link.write(releaseScript([keys.expiring(key)], holder));
    },
  };
}

/** Redis takes whole milliseconds, from 1. */
function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}

/** SET with NX answers OK, or nil when the key was there. */
function parseSet(reply: unknown): boolean {
  return reply !== null;
}
