/** Writes of connections and grants that Redis has carried out, and whose replies were lost on the way (F2). */

import { expect, it, onTestFinished } from 'vitest';
import { defaultTenant, userIdSchema } from '../../src/core/identifiers.js';
import type { OwnerRecords } from '../../src/core/store.js';
import { openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { createManualClock } from '../support/clock.js';
import { managerOn } from '../support/fault-nodes.js';
import { eventually } from '../support/redis.js';
import { entryAt, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { openRedis } from './stage.js';

const owner = { tenant: defaultTenant, userId: userIdSchema.parse('u') };

/** A manager behind a proxy that takes away the reply to the next write, as soon as Redis has what is expected of it. */
async function openLosing() {
  const redis = await openRedis();
  const proxy = await startTcpFaultProxy(redis.port);
  const server = await startScriptedServer();
  const tokens = scriptTokens(server);
  server.answer('/revoke', { status: 200 });
  const clock = createManualClock(Date.now());
  const options = managerOn({ redisUrl: redis.url, keyPrefix: 'lost' }, entryAt(server.url));
  const seen = await openStore(options);
  const store = await openStore({ ...options, redisUrl: `redis://127.0.0.1:${proxy.port}` });
  const { write } = store.connections;
  const next: { has?: (records: OwnerRecords) => boolean; isAwayAfterwards?: true } = {};
  const isBack = () =>
    store.check().then(
      () => true,
      () => false,
    );
  const loseReply = async (change: Parameters<typeof write>, has: (records: OwnerRecords) => boolean) => {
    proxy.setMode('drop-replies');
    const writing = write(...change);
    writing.catch(() => undefined);
    await eventually('it is carried out', async () => has(await seen.connections.list(owner)));
    proxy.setMode(next.isAwayAfterwards ? 'refuse' : 'pass');
    proxy.cut();
    if (!next.isAwayAfterwards) await eventually('the way is free again', isBack);
    return writing;
  };
  const losing: typeof write = async (...change) => {
    const { has } = next;
    if (has === undefined) return write(...change);
    delete next.has;
    return loseReply(change, has);
  };
  const connections = { ...store.connections, write: losing };
  const manager = await openManager({ ...options, store: { ...store, connections }, now: clock.now });
  // Redis knows the script from then on.
  await manager.storeToken('somebody', { provider: 'rotating', accessToken: 'at' });
  onTestFinished(async () => {
    await manager.close();
    await Promise.all([seen.close(), proxy.close(), server.close()]);
  });
  /** Goes as far as the callback of the provider. */
  const consent = async () => {
    const { connectUrl, connectId } = await manager.startConnect('u', 'rotating');
    const started = await manager.startAuthorization('rotating', new URL(connectUrl).searchParams.get('link') ?? '');
    const { headers } = await fetch(started.authorizationUrl, { redirect: 'manual' });
    const callback = new URL(headers.get('location') ?? '').searchParams;
    const cookie = started.browserSecret.reveal();
    const finish = () => manager.finishAuthorization('rotating', callback, cookie);
    const code = async () => (await manager.describeFinished('rotating', cookie))?.returnCode?.reveal() ?? '';
    return { connectId, finish, code };
  };
  const revocations = () => server.requestsTo('/revoke').length;
  return { manager, proxy, tokens, clock, next, consent, revocations };
}

it('F2: a grant that is kept, but the reply is lost, awaits its proof and is not given back', async () => {
  const { manager, tokens, next, consent, revocations } = await openLosing();
  const { finish, code } = await consent();
  next.has = ({ awaiting }) => awaiting.length === 1;
  await finish();
  await manager.submitProof('u', await code());
  expect(tokens.isLive((await manager.requireToken('u', 'rotating')).accessToken.reveal())).toBe(true);
  expect(revocations()).toBe(0);
}, 30_000);

it('F2: a grant of which the store cannot say whether it is kept is given back when its time is over, not before', async () => {
  const { manager, proxy, clock, next, consent, revocations } = await openLosing();
  const { finish } = await consent();
  next.has = ({ awaiting }) => awaiting.length === 1;
  next.isAwayAfterwards = true;
  await expect(finish()).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(revocations()).toBe(0);
  proxy.setMode('pass');
  clock.advance(3_600_000);
  manager.startBackgroundWork();
  await eventually('it is given back', () => revocations() === 1);
}, 30_000);

it('F2: a grant that is ended, but the reply is lost, is given back all the same', async () => {
  const { manager, next, consent, revocations } = await openLosing();
  const { finish } = await consent();
  await finish();
  for (let tries = 1; tries < 5; tries += 1) await manager.submitProof('u', '22222222').catch(() => undefined);
  next.has = ({ awaiting }) => awaiting.length === 0;
  await expect(manager.submitProof('u', '22222222')).rejects.toMatchObject({ attemptsLeft: 0 });
  expect(revocations()).toBe(1);
}, 30_000);

it('F2: a connection that is removed, but the reply is lost, is revoked all the same', async () => {
  const { manager, next, consent, revocations } = await openLosing();
  const { finish, code } = await consent();
  await finish();
  await manager.submitProof('u', await code());
  next.has = ({ connections }) => connections.length === 0;
  expect(await manager.deleteToken('u', 'rotating')).toMatchObject({ revoked: 'yes' });
  expect(revocations()).toBe(1);
}, 30_000);
