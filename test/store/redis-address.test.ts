/** What REDIS_URL may look like, and what is said when it cannot be used. */

import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { parseRedisUrl } from '../../src/store/redis/address.js';

describe('REDIS_URL', () => {
  it.each([
    ['redis://h', { topology: 'single', tls: false, node: { host: 'h', port: 6379 }, database: 0 }],
    ['rediss://u:p%40@h:1/3', { topology: 'single', tls: true, username: 'u', password: 'p@', database: 3 }],
    ['redis://:p@[::1]:7', { node: { host: '::1', port: 7 }, password: 'p' }],
    ['redis+sentinel://a:1,b/mymaster/2', { topology: 'sentinel', masterName: 'mymaster', database: 2 }],
    ['rediss+sentinel://:p@a,b/m', { tls: true, sentinels: [{ port: 26379 }, { port: 26379 }] }],
    [
      'redis+cluster://u:p@a:1,b:2',
      {
        topology: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
    ],
  ])('%s is read', (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
  });

  it.each([
    'http://canary',
    'canary',
    'redis://',
    'redis://canary:99999',
    'redis://canary@h',
    'redis://u:canary%ZZ@h',
    'redis://a,canary',
    'redis://canary/x',
    'redis+sentinel://canary',
    'redis+cluster://canary/1',
    'redis+other://canary/1',
  ])('%s is refused with its name and without its value', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(ConfigurationError);
    expect(() => parseRedisUrl(url)).toThrow(/REDIS_URL/);
    expect(() => parseRedisUrl(url)).not.toThrow(/canary/);
  });
});
