/** A store as version 0.1.0 left it, on Redis and in a data file: every later version finds everything where it lies. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { awaitingGrantSchema, expiringRecordSchemas, type Purpose } from '../../src/core/connect.js';
import { connectionSchema, refOf } from '../../src/core/connection.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { checkKeys } from '../../src/store/key-registry.js';
import { verifyRecords } from '../../src/store/key-use.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { createStore } from '../../src/store/sealed-store.js';
import { Keyring } from '../../src/store/sealing.js';
import { openSpool } from '../../src/store/spool.js';
import { sharedRedis } from '../support/redis.js';

const frozen = new URL('./frozen/', import.meta.url);
const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
const wire = z.record(z.string(), z.unknown());
/** What was written, as plain objects; the keys of Redis as it lay there; one spooled commit. Values of Redis in base64. */
const { contents, redis, spool } = z
  .object({
    contents: z.object({
      connections: z.array(wire),
      grant: wire,
      expiring: z.record(z.string(), wire),
      documents: z.record(z.string(), z.record(z.string(), wire)),
      events: z.array(wire),
      audit: z.array(wire),
    }),
    redis: z.record(
      z.string(),
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('string'), ends: z.boolean(), value: base64 }),
        z.object({ type: z.enum(['hash', 'zset']), value: z.array(base64) }),
        z.object({ type: z.literal('stream'), value: z.array(z.tuple([base64, z.array(base64)])) }),
      ]),
    ),
    spool: z.object({ file: z.string(), bytes: base64 }),
  })
  .parse(JSON.parse(await readFile(new URL('contents.json', frozen), 'utf8')));
const keyring = Keyring.parse(`k1:${Buffer.alloc(32, 7).toString('base64')}`);
/** Epoch ms at which it was written. */
const at = 1_795_000_000_000;
const connections = contents.connections.map((each) => connectionSchema.parse(each));
const [first, second, third] = connections.map(refOf);

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-frozen-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function thawEmbedded(): Promise<StorageEngine> {
  const dataDir = await makeDirectory();
  await writeFile(join(dataDir, 'frozen.mdb'), gunzipSync(await readFile(new URL('embedded.mdb.gz', frozen))));
  return openEmbeddedEngine({ dataDir, keyPrefix: 'frozen', now: () => at + 60_000 });
}

async function thawRedis(): Promise<StorageEngine> {
  const server = await sharedRedis();
  onTestFinished(() => server.stop());
  const keyPrefix = `frozen${randomBytes(6).toString('hex')}`;
  const client = new Redis(server.url);
  for (const [name, kept] of Object.entries(redis)) {
    const key = `${keyPrefix}:${name}`;
    if (kept.type === 'string') await client.call('SET', key, kept.value, ...(kept.ends ? ['PX', '600000'] : []));
    if (kept.type === 'hash') await client.call('HSET', key, ...kept.value);
    if (kept.type === 'zset') {
      for (let index = 0; index < kept.value.length; index += 2) {
        await client.call('ZADD', key, String(kept.value[index + 1]), kept.value[index] ?? '');
      }
    }
    if (kept.type !== 'stream') continue;
    for (const [id, fields] of kept.value) await client.call('XADD', key, id, ...fields);
  }
  client.disconnect();
  return openRedisEngine({ url: server.url, keyPrefix });
}

it.each([
  ['Redis', thawRedis],
  ['the embedded store', thawEmbedded],
])('everything that version 0.1.0 wrote is found in its place on %s', async (_, thaw) => {
  const engine = await thaw();
  onTestFinished(() => engine.close());
  await checkKeys(engine, keyring);
  expect((await verifyRecords(engine, keyring)).unopened).toEqual([]);
  const store = createStore(engine, keyring);
  if (first === undefined || second === undefined || third === undefined) throw new TypeError('nothing is frozen');

  const { connections: found, awaiting, lastUsedAt } = await store.connections.list(first.owner);
  const byId = (id: unknown) => found.find(({ connection }) => connection.connectionId === id);
  for (const each of contents.connections) {
    const stored = byId(each.connectionId)?.connection;
    expect(stored && z.encode(connectionSchema, stored)).toEqual(each);
  }
  expect(lastUsedAt.get('co_1')).toBe(at + 1_000);
  const [waiting] = awaiting;
  const { codeDigest = '', ...grant } = z.encode(awaitingGrantSchema, waiting?.grant ?? expect.fail('no grant'));
  expect([waiting?.connectId, grant]).toEqual(['cn_waiting', contents.grant]);
  expect(store.codes.matches(first.owner, 'K7M2XQ4P', codeDigest)).toBe(true);

  const { generation = 0 } = (await store.connections.find(second)) ?? {};
  const intent = { generation, holder: 'h1', startedAt: at, deadline: at + 30_000, attempt: 1 };
  expect(await store.connections.findIntent(second)).toEqual(intent);
  const due = (await store.due.claim(at + 5_000, 10, 60_000)).map(({ stored }) => stored?.connection.connectionId);
  expect(due.sort()).toEqual(['co_2', 'co_3']);

  for (const [purpose, record] of Object.entries(contents.expiring)) {
    const schema: z.ZodType = expiringRecordSchemas[purpose as Purpose]; // the names of the fixture
    const taken: unknown = await store.expiring.find(purpose as Purpose, `key of ${purpose}`);
    expect(z.encode(schema, taken)).toEqual(record);
  }
  for (const [collection, documents] of Object.entries(contents.documents)) {
    expect(Object.fromEntries(await store.documents.list(collection))).toEqual(documents);
  }
  expect((await store.events.read(defaultTenant, undefined, 10)).map(({ event }) => event)).toEqual(contents.events);
  expect((await store.audit.read(defaultTenant, undefined, 10)).map(({ entry }) => entry)).toEqual(contents.audit);
  expect(await store.events.tenants()).toEqual([defaultTenant]);
  expect(await store.counters.peek('rate')).toBe(5);
  expect(await store.leases.acquire('worker', 'somebody else', 1_000)).toBe(false);
});

it('what version 0.1.0 could not store is found in its spool', async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, spool.file), spool.bytes);
  const [commit] = await (await openSpool(directory, keyring)).list();
  expect(commit?.sent.connection.connectionId).toBe('co_2');
  expect(commit?.answer.obtainedAt).toBe(at + 5_000);
});
