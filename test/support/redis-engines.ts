/** Opens Redis engines for fault tests, closes them after each test, and examines how their calls fail. */

import { afterEach, expect } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { ownerKeyOf, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { type RedisProcess, startRedis } from './redis.js';
import { startTcpFaultProxy, type TcpFaultProxy } from './tcp-fault-proxy.js';

/** An owner of records. */
export const owner = ownerKeyOf({ tenant: tenantIdSchema.parse('default'), userId: userIdSchema.parse('u') });
/** How long logs are kept here. */
export const keep = { keepMs: 60_000, keepMost: 100 };

/** To be ended after the test, the last first. */
export const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A server of this test. */
export async function start(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisProcess> {
  const server = await startRedis(options);
  ending.push(() => server.stop());
  return server;
}

/** An engine of this test. */
export async function open(url: string, commandTimeoutMs = 1500): Promise<StorageEngine> {
  const engine = await openRedisEngine({ url, keyPrefix: 'f', commandTimeoutMs });
  ending.push(() => engine.close());
  return engine;
}

/** A server with a proxy before it, and an engine that connects through the proxy. */
export async function startBehindProxy(commandTimeoutMs = 600): Promise<[TcpFaultProxy, StorageEngine, RedisProcess]> {
  const server = await start();
  const proxy = await startTcpFaultProxy(server.port);
  ending.push(() => proxy.close());
  return [proxy, await open(`redis://127.0.0.1:${proxy.port}`, commandTimeoutMs), server];
}

/** The failure of a call and how long it took; a call that succeeds fails the test. */
export async function failureOf(call: Promise<unknown>): Promise<{ error: StoreUnavailable; ms: number }> {
  const startedAt = performance.now();
  const error = await call.then(
    (value) => expect.fail(`it answered ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreUnavailable);
  if (!(error instanceof StoreUnavailable)) throw error;
  return { error, ms: performance.now() - startedAt };
}

/** One call of every kind. */
export function allCalls(engine: StorageEngine): readonly Promise<unknown>[] {
  const claim = { field: 'f', holder: 'h' };
  return [
    engine.readField(owner, 'f'),
    engine.readOwner(owner),
    engine.writeFields(owner, [{ field: 'f', expect: 'any', next: { version: 1, bytes: Buffer.from('b') } }]),
    engine.eraseOwner(owner),
    engine.mark(owner, 'f', 1),
    engine.claimField(owner, { ...claim, version: 1, leaseMs: 1, note: Buffer.from('n') }),
    engine.renewClaim(owner, claim, 1),
    engine.releaseClaim(owner, claim, true),
    engine.readNote(owner, 'f'),
    engine.putExpiring('k', Buffer.from('b'), 1000),
    engine.getExpiring('k'),
    engine.takeExpiring('k'),
    engine.removeExpiring('k'),
    engine.count('c', 1000),
    engine.acquireLease('l', 'h', 1000),
    engine.renewLease('l', 'h', 1000),
    engine.releaseLease('l', 'h'),
    engine.schedule('m', 1),
    engine.unschedule('m'),
    engine.claimDue(2, 1, 1),
    engine.countDue(2),
    engine.append('log', Buffer.from('b'), keep),
    engine.readLog('log', undefined, 1),
    engine.newestId('log'),
    engine.putDocument('c', 'i', Buffer.from('b')),
    engine.createDocument('c', 'i', Buffer.from('b')),
    engine.getDocument('c', 'i'),
    engine.listDocuments('c'),
    engine.removeDocument('c', 'i'),
    engine.now(),
    engine.check(),
  ];
}
