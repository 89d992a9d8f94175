/** Reads that leave together: each caller gets its own field, and a failure is only theirs whom it concerns. */

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { readsTogether } from '../../src/store/redis/gathered-reads.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import type { Ask, RedisLink } from '../../src/store/redis/link.js';
import { sharedRedis } from '../support/redis.js';
import { anOwner } from './samples.js';

const shared = await sharedRedis();
const keyPrefix = `t-${randomUUID()}`;
let client: Redis;
let engine: StorageEngine;

beforeAll(async () => {
  client = new Redis(shared.url, { protocol: 2, lazyConnect: true });
  await client.connect();
  engine = await openRedisEngine({ url: shared.url, keyPrefix });
});
afterAll(async () => {
  await engine.close();
  client.disconnect();
  await shared.stop();
});

/** The way to Redis, counted; it can be told to fail once. */
function countedLink() {
  const link = {
    commands: 0,
    failNext: false,
    read: async (ask: Ask) => {
      link.commands += 1;
      if (!link.failNext) return ask(client);
      link.failNext = false;
      throw new StoreUnavailable('The store is unavailable: the test says so.');
    },
    write: async (ask: Ask) => ask(client),
    close: async () => {},
  };
  return link;
}

/** Reads replies as they are. */
function reader(link: RedisLink): (key: string) => Promise<unknown> {
  const read = readsTogether(link);
  return (key) => read(key, (reply) => reply);
}

const textOf = (reply: unknown) => String(reply);

async function fillOwners(count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, () => `${keyPrefix}:{${randomUUID()}}`);
  await Promise.all(keys.map((key) => client.set(key, `value of ${key}`)));
  return keys;
}

describe('reads of one turn', () => {
  it('give each of a thousand callers its own record, and those without one nothing', async () => {
    const owners = Array.from({ length: 1000 }, () => ownerKeyOf(anOwner()));
    await Promise.all(
      owners
        .filter((_, index) => index % 3 !== 0)
        .map((owner) => {
          const next = { version: 1, bytes: Buffer.from(`of ${owner}`) };
          return engine.writeFields(owner, [{ field: 'c/x', expect: 'absent', next }]);
        }),
    );
    const found = await Promise.all(owners.map((owner) => engine.readField(owner, 'c/x')));
    expect(found.map((one) => one?.bytes.toString())).toEqual(
      owners.map((owner, index) => (index % 3 === 0 ? undefined : `of ${owner}`)),
    );
  });

  it('leave as one command', async () => {
    const [link, keys] = [countedLink(), await fillOwners(30)];
    const values = await Promise.all(keys.map(reader(link)));
    expect(values.map(textOf)).toEqual(keys.map((key) => `value of ${key}`));
    expect(link.commands).toBe(1);
  });

  it('ask Redis again for every caller: what changed since the last turn is seen', async () => {
    const [read, [key = '']] = [reader(countedLink()), await fillOwners(1)];
    await Promise.all([read(key), read(key)]);
    await client.del(key);
    expect(await Promise.all([read(key), read(key)])).toEqual([null, null]);
  });

  it('fail alone where what stands there is not of the form of fields', async () => {
    const owners = Array.from({ length: 6 }, () => ownerKeyOf(anOwner()));
    await client.set(`${keyPrefix}:{${owners[3]}}`, 'not fields');
    const settled = await Promise.allSettled(owners.map((owner) => engine.readField(owner, 'c/x')));
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, true, true]);
    expect(settled[3]).toMatchObject({ reason: expect.any(StoreUnavailable) });
  });

  it('fail together when their command does, and nobody else with them', async () => {
    const [link, keys] = [countedLink(), await fillOwners(5)];
    const read = reader(link);
    const first = read(keys[0] ?? '');
    await new Promise((resolve) => process.nextTick(resolve));
    link.failNext = true;
    const settled = await Promise.allSettled(keys.slice(1).map(read));
    expect(settled.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    expect(textOf(await first)).toBe(`value of ${keys[0]}`);
    expect(textOf(await read(keys[1] ?? ''))).toBe(`value of ${keys[1]}`);
  });
});
