import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openManager } from '../../../src/open-manager.js';
import { makePlace, openNode, type Place, storeKinds } from '../../faults/stage.js';
import { device, token, user } from '../../support/device-stage.js';
import { managerOn } from '../../support/fault-nodes.js';
import { entryAt, startScriptedServer } from '../../support/scripted-server.js';

/** A dead process holds its lease for a minute, by the clock of the store. */
const minuteMs = 61_000;

/** On the embedded store the clock is that of the process that looks; Redis has its own. */
async function letLeasesEnd({ redisUrl, keyPrefix }: Place): Promise<void> {
  if (redisUrl === undefined) return;
  const redis = new Redis(redisUrl);
  const leases = await redis.keys(`${keyPrefix}:x:lease/*`);
  expect(leases).not.toEqual([]);
  for (const lease of leases) await redis.pexpire(lease, 1);
  await redis.quit();
}

describe.each(storeKinds)('processes with one device authorization, on the %s store', (kind) => {
  test('one is killed while it polls, and another one brings the connect to its end', async () => {
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    server.answer('/device', { json: { ...device, interval: 1 } });
    const never = new Promise(() => undefined);
    server.answer('/token', { after: never }, { json: token });
    const place = await makePlace(kind);
    const entry = {
      ...entryAt(server.url, { device_authorization_endpoint: `${server.url}/device` }),
      userinfo_endpoint: undefined,
    };
    const options = { ...managerOn(place, entry), unsafeConnectWithoutProof: true };
    const manager = await openManager(options);
    onTestFinished(() => manager.close());
    const polls = () => server.requestsTo('/token').length;
    const { connectId } = await manager.startConnect(user, 'rotating', { method: 'device', proof: 'none' });

    const first = await openNode({ options: { ...options, backgroundWork: true } });
    await expect.poll(polls, { timeout: 30_000 }).toBe(1);
    await first.kill9();
    expect((await manager.findConnect(connectId)).status).toBe('pending');

    await letLeasesEnd(place);
    await openNode({ options: { ...options, backgroundWork: true }, clockShiftMs: minuteMs });
    const connected = async () => (await manager.findConnect(connectId, { waitMs: 1_000 })).status;
    await expect.poll(connected, { timeout: 30_000 }).toBe('connected');
    expect(polls()).toBe(2);
    expect((await manager.requireToken(user, 'rotating')).accessToken.reveal()).toBe(token.access_token);
  }, 60_000);
});
