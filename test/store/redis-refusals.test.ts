/** The Redis engine when Redis refuses, or is not as it should be (threats F5-F8). */

import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { faultOf } from '../../src/store/redis/failures.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { eventually, findFreePort } from '../support/redis.js';
import { allCalls, ending, failureOf, open, owner, start } from '../support/redis-engines.js';
import { anOwner } from './samples.js';

describe('a Redis that refuses (F5)', () => {
  const write = (engine: StorageEngine) => engine.putDocument('c', 'i', Buffer.alloc(10));

  it('as a replica (READONLY) carried nothing out, still serves reads, and is written to after its promotion', async () => {
    const server = await start();
    const engine = await open(server.url, 400);
    await write(engine);

    await server.command('REPLICAOF', '127.0.0.1', 1);
    // A refusal ends the connection as well, so the last of the tries may meet none.
    await eventually('it says why', async () => {
      const { error } = await failureOf(write(engine));
      expect(error.carriedOut).toBe('no');
      return error.message.includes('read-only');
    });
    expect(await engine.getDocument('c', 'i')).toEqual(Buffer.alloc(10));
    const claim = { field: 'f', holder: 'h', version: 1, leaseMs: 1, note: Buffer.from('n') };
    // The last of the tries may meet the deadline, which leaves it unknown.
    const refused = async () => (await failureOf(engine.eraseOwner(owner))).error.carriedOut === 'no';
    await eventually('it is refused for certain', refused);
    expect(await engine.claimField(owner, claim)).toEqual({ kind: 'moved' });
    await server.command('REPLICAOF', 'NO', 'ONE');
    await write(engine);
  });

  it('for want of memory (OOM) carried nothing out, not even the removals of the same call', async () => {
    const server = await start();
    const engine = await open(server.url);
    const at = (version: number) => ({ version, bytes: Buffer.alloc(100) });
    await engine.writeFields(owner, [{ field: 'old', expect: 'absent', next: at(1) }]);
    await server.command('CONFIG', 'SET', 'maxmemory', '1mb');
    const changes = [
      { field: 'old', expect: 1 },
      { field: 'new', expect: 'absent', next: at(1) },
    ] as const;
    const { error } = await failureOf(engine.writeFields(owner, changes));
    expect(error.carriedOut).toBe('no');
    expect(error.message).toContain('memory');
    expect([...(await engine.readOwner(owner)).fields.keys()]).toEqual(['old']);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await engine.writeFields(owner, changes)).toBe('stored');
  });

  it('for want of memory (OOM) lets one of several fields be removed all the same', async () => {
    const server = await start();
    const engine = await open(server.url);
    const put = (field: string) =>
      ({ field, expect: 'absent', next: { version: 1, bytes: Buffer.alloc(100) } }) as const;
    await engine.writeFields(owner, [put('a'), put('b'), put('c')]);
    await server.command('CONFIG', 'SET', 'maxmemory', '1mb');
    await failureOf(engine.writeFields(owner, [put('d')]));
    expect(await engine.writeFields(owner, [{ field: 'b', expect: 1 }])).toBe('stored');
    const { fields } = await engine.readOwner(owner);
    expect([...fields]).toEqual(['a', 'c'].map((field) => [field, { version: 1, bytes: Buffer.alloc(100) }]));
    expect(
      await engine.writeFields(owner, [
        { field: 'a', expect: 1 },
        { field: 'c', expect: 1 },
      ]),
    ).toBe('stored');
    expect((await engine.readOwner(owner)).fields.size).toBe(0);
  });

  it('for want of memory (OOM) lets somebody leave though another is added in the same turn', async () => {
    const server = await start();
    const engine = await open(server.url);
    const put = { field: 'a', expect: 'absent', next: { version: 1, bytes: Buffer.alloc(100) } } as const;
    await engine.writeFields(owner, [put]);
    await server.command('CONFIG', 'SET', 'maxmemory', '1mb');
    const added = failureOf(engine.writeFields(ownerKeyOf(anOwner()), [put]));
    expect(await engine.writeFields(owner, [{ field: 'a', expect: 1 }])).toBe('stored');
    expect((await added).error.carriedOut).toBe('no');
  });

  it('because its disk is gone (MISCONF) or its replicas (NOREPLICAS) carried nothing out', async () => {
    const server = await start({ args: ['--save', '3600 1'] });
    const engine = await open(server.url);
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', 1);
    expect((await failureOf(write(engine))).error).toMatchObject({ carriedOut: 'no', message: /min-replicas/ });
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', 0);
    await server.removeDirectory();
    await server.command('BGSAVE');
    await eventually('saving has failed', async () =>
      String(await server.command('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    );
    expect((await failureOf(write(engine))).error).toMatchObject({ carriedOut: 'no', message: /disk/ });
  });

  it('while it loads its data (LOADING) carried nothing out', async () => {
    const server = await start({ args: ['--save', '3600 1'] });
    const filler = await open(server.url);
    const values = Array.from({ length: 200 }, (_, index) => filler.putExpiring(`${index}`, Buffer.alloc(200), 60_000));
    await Promise.all(values);
    await server.end();
    const slowly = ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'];
    await server.restart({ args: slowly });
    const engine = await open(server.url, 300);
    const { error } = await failureOf(write(engine));
    expect(error).toMatchObject({ carriedOut: 'no', message: /loading/ });
  });
});

describe('a Redis that must not be used', () => {
  it('because it may evict connections does not start, and fails a later check (F6)', async () => {
    const server = await start({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'] });
    const opening = openRedisEngine({ url: server.url, keyPrefix: 'f' });
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opening).rejects.toThrow(/REDIS_URL: maxmemory-policy must be noeviction/);
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    const engine = await open(server.url);
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    expect((await failureOf(engine.check())).error.message).toMatch(/maxmemory-policy must be noeviction/);
  });

  it.each([
    ['a wrong password', ':secret-canary@', /REDIS_URL: Redis refused the user name or password/],
    ['no password', '', /REDIS_URL: Redis wants a password/],
  ])('because of %s says so at start, and never which (F8)', async (_name, login, expected) => {
    const server = await start({ password: 'right-canary' });
    const opening = openRedisEngine({ url: `redis://${login}127.0.0.1:${server.port}`, keyPrefix: 'f' });
    await expect(opening).rejects.toThrow(expected);
    await expect(opening).rejects.not.toThrow(/canary/);
    await expect((await open(server.url)).now()).resolves.toBeGreaterThan(0);
  });

  it('because it has not the database that was asked for does not start, instead of using another one', async () => {
    const server = await start({ args: ['--databases', '4'] });
    const engine = await open(`${server.url}/3`);
    await engine.putDocument('c', 'i', Buffer.alloc(10));
    await expect(engine.check()).resolves.toBeDefined();
    expect(await server.command('DBSIZE')).toBe(0);
    const refused = { faults: [{ name: 'REDIS_URL', problem: expect.stringContaining('database 4') }] };
    await expect(openRedisEngine({ url: `${server.url}/4`, keyPrefix: 'f' })).rejects.toMatchObject(refused);
  });

  it('because redis:// names a node of a Cluster, or a Sentinel, does not start', async () => {
    const clustered = async () => ['--cluster-enabled', 'yes', '--cluster-port', String(await findFreePort())];
    const node = await start({ args: clustered });
    const sentinel = await start({ config: 'sentinel resolve-hostnames no\n', args: ['--sentinel'] });
    for (const [{ url }, wanted] of [
      [node, 'redis+cluster://'],
      [sentinel, 'redis+sentinel://'],
    ] as const) {
      const refused = { faults: [{ name: 'REDIS_URL', problem: expect.stringContaining(`write ${wanted}`) }] };
      await expect(openRedisEngine({ url, keyPrefix: 'f' })).rejects.toMatchObject(refused);
    }
  });

  it('because the password changed later says so in its check', async () => {
    const server = await start({ password: 'right-canary' });
    const engine = await open(server.url);
    await server.end();
    await server.restart({ args: ['--requirepass', 'changed-canary'] });
    await eventually('the check says so', async () =>
      engine.check().then(
        () => false,
        (error: Error) => /refused the user name or password/.test(error.message),
      ),
    );
  });

  it.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED'])(
    'because of its certificate (%s) is a fault that waiting does not mend',
    (code) => {
      const error = Object.assign(new Error('canary'), { code });
      expect(faultOf(error)).toEqual({ text: `TLS with Redis failed (${code})`, lasting: true });
    },
  );

  it('because TLS is spoken to a server without it says so in its check', async () => {
    const server = await start();
    const outcome = await openRedisEngine({
      url: `rediss://127.0.0.1:${server.port}`,
      keyPrefix: 'f',
      connectTimeoutMs: 400,
    })
      .then(async (engine) => {
        ending.push(() => engine.close());
        return (await failureOf(engine.check())).error.message;
      })
      .catch((error: Error) => error.message);
    expect(outcome).toMatch(/TLS|cannot be reached/);
  });
});

describe('a check', () => {
  it('warns when nothing is kept on disk, and does not when AOF or save is on (F7)', async () => {
    const none = await open((await start()).url);
    expect((await none.check()).warnings.join()).toMatch(/nothing on disk/);
    const aof = await open((await start({ args: ['--appendonly', 'yes'] })).url);
    expect((await aof.check()).warnings).toEqual([]);
    const rdb = await open((await start({ args: ['--save', '60 1'] })).url);
    expect((await rdb.check()).warnings).toEqual([]);
  });

  it('warns of a replica', async () => {
    const server = await start({ args: ['--appendonly', 'yes'] });
    await server.command('REPLICAOF', '127.0.0.1', 1);
    expect((await (await open(server.url)).check()).warnings.join()).toMatch(/read-only replica/);
  });

  it('at the start is told to the log', async () => {
    const warned: string[] = [];
    const log = { info: () => undefined, warn: (_: object, message: string) => void warned.push(message) };
    const engine = await openRedisEngine({ url: (await start()).url, keyPrefix: 'f', log });
    ending.push(() => engine.close());
    expect(warned.join()).toMatch(/nothing on disk/);
  });

  it('warns when the user may not ask, instead of failing', async () => {
    const server = await start();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>pass', '~f:*', '+@all', '-@admin', '-@dangerous');
    const engine = await open(`redis://app:pass@127.0.0.1:${server.port}`);
    expect((await engine.check()).warnings.join()).toMatch(/INFO/);
    await Promise.all(allCalls(engine));
  });

  it('of a user who lacks a permission is a refusal that says so', async () => {
    const server = await start();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>pass', '~other:*', '+@all');
    const engine = await open(`redis://app:pass@127.0.0.1:${server.port}`);
    const { error } = await failureOf(engine.getDocument('c', 'i'));
    expect(error).toMatchObject({ carriedOut: 'no', message: /permission/ });
  });
});
