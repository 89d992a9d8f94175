import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { catalogue } from '../../../providers/index.js';
import { StoreUnavailable } from '../../../src/core/errors.js';
import { defaultTenant } from '../../../src/core/identifiers.js';
import { removeDevice } from '../../../src/flows/device/device-record.js';
import { pollDevice } from '../../../src/flows/device/poll-device.js';
import { OAuthManager } from '../../../src/oauth-manager.js';
import {
  type DeviceStage,
  device,
  openDeviceStage,
  settings,
  token,
  user,
  waiting,
} from '../../support/device-stage.js';
import { storeKinds } from '../../support/service.js';

describe.each(storeKinds)('device authorization, on the %s store', (kind) => {
  let server: DeviceStage['server'];
  let clock: DeviceStage['clock'];
  let deps: DeviceStage['deps'];
  let manager: DeviceStage['manager'];
  let polls: DeviceStage['polls'];
  let start: DeviceStage['start'];
  let statusOf: DeviceStage['statusOf'];
  let pass: DeviceStage['pass'];
  beforeEach(async () => {
    ({ server, clock, deps, manager, polls, start, statusOf, pass } = await openDeviceStage(kind));
  });

  test('the answer says what the person has to do, and keeps the device code back (RFC 8628 3.2)', async () => {
    const started = await start();
    expect(started).toMatchObject({
      connectUrl: device.verification_uri_complete,
      expiresAt: clock.now() + 900_000,
      proof: 'none',
      device: { userCode: 'ABCD-EFGH', verificationUri: device.verification_uri, intervalMs: 5_000 },
    });
    expect(JSON.stringify(started)).not.toContain('CANARY');
    expect(await statusOf(started.connectId)).toBe('pending');
  });

  test('polls at the interval, slower when told so, and connects in the end (RFC 8628 3.5)', async () => {
    server.answer('/token', waiting, { status: 400, json: { error: 'slow_down' } }, { json: token });
    const { connectId } = await start();
    await pass(4);
    expect(polls()).toBe(0);
    await pass(1);
    expect(polls()).toBe(1);
    await pass(5);
    expect(polls()).toBe(2);
    await pass(9);
    expect(polls()).toBe(2);
    await pass(1);
    expect([polls(), await statusOf(connectId)]).toEqual([3, 'connected']);
    expect((await manager.requireToken(user, 'src')).accessToken.reveal()).toBe('at-CANARY');
    await pass(60);
    expect(polls()).toBe(3);
    const trail = (await manager.audit.read(defaultTenant, undefined, 100)).map(({ entry }) => entry);
    const [{ connectionId } = { connectionId: '' }] = await manager.listUserConnections(user);
    expect(trail.filter(({ act }) => act === 'connect.finish')).toMatchObject([
      { outcome: 'ok', user, provider: 'src', object: connectId, connection_id: connectionId },
    ]);
  });

  test('of many processes one polls, and any of them can go on (nothing is kept in memory)', async () => {
    server.answer('/token', waiting, { json: token });
    const { connectId } = await start();
    await pass(5, 5);
    expect(polls()).toBe(1);
    await pass(5, 5);
    expect([polls(), await statusOf(connectId)]).toEqual([2, 'connected']);
  });

  test('a process that comes just after another one does not ask again', async () => {
    server.answer('/token', waiting);
    const { connectId } = await start();
    clock.advance(5_000);
    await pollDevice(deps, connectId);
    await pollDevice(deps, connectId);
    expect(polls()).toBe(1);
  });

  test('asks less often while the provider does not answer, and goes on when it does', async () => {
    server.answer('/token', { status: 503 }, { json: token });
    const { connectId } = await start();
    await pass(5);
    await pass(9);
    expect(polls()).toBe(1);
    await pass(1);
    expect(await statusOf(connectId)).toBe('connected');
  });

  test.each([
    ['access_denied', 'failed', 'access_denied'],
    ['expired_token', 'expired', 'expired'],
    ['invalid_client', 'failed', 'provider_misconfigured'],
  ])('%s ends the connect as %s', async (error, status, told) => {
    server.answer('/token', { status: 400, json: { error } });
    const { connectId } = await start();
    await pass(5);
    expect(await manager.findConnect(connectId)).toMatchObject({ status, error: told });
    await pass(60);
    expect(polls()).toBe(1);
  });

  test('is over with its code, without another poll', async () => {
    server.answer('/token', waiting);
    const { connectId } = await start();
    clock.advance(899_999);
    await pass(0.001);
    expect([polls(), await statusOf(connectId)]).toEqual([0, 'expired']);
  });

  describe('a store that fails once', () => {
    const away = () => new StoreUnavailable('The store does not answer.', 'no');

    test.each([
      ['the device code cannot be put away', () => vi.spyOn(deps.store.documents, 'remove')],
      ['the grant cannot be kept', () => vi.spyOn(deps.store.connections, 'write')],
    ])('when %s, what the consent brought is given back, and the connect says why', async (_what, call) => {
      server.answer('/token', { json: token });
      const { connectId } = await start();
      call().mockRejectedValueOnce(away());
      await pass(5);
      expect(server.requestsTo('/revoke')).toHaveLength(1);
      expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'store_unavailable' });
      await pass(60);
      expect(polls()).toBe(1);
    });

    test('before the consent costs nothing but time', async () => {
      server.answer('/token', { status: 400, json: { error: 'slow_down' } }, { json: token });
      const { connectId } = await start();
      const { documents } = deps.store;
      const noteOfAsking = documents.put.bind(documents);
      vi.spyOn(documents, 'put').mockImplementationOnce(noteOfAsking).mockRejectedValueOnce(away());
      await pass(5);
      expect(await statusOf(connectId)).toBe('pending');
      await pass(5);
      expect(await statusOf(connectId)).toBe('connected');
    });
  });

  describe('the proof (RFC 8628 5.4: a code can be handed to somebody else)', () => {
    test('unless told, the host has to say whose account it is, and nothing is active before', async () => {
      server.answer('/token', { json: token });
      const { connectId, proof } = await start({ proof: undefined });
      expect(proof).toBe('app_verifier');
      await pass(5);
      expect(await statusOf(connectId)).toBe('awaiting_proof');
      await expect(manager.requireToken(user, 'src')).rejects.toMatchObject({ code: 'awaiting_proof' });
      await expect(manager.verifyConnect(connectId, 'slack:T1:U3')).rejects.toMatchObject({ code: 'forbidden' });
      await manager.verifyConnect(connectId, user);
      expect((await manager.requireToken(user, 'src')).accessToken.reveal()).toBe('at-CANARY');
    });

    test.each(['chat_code', 'chat_login'] as const)(
      '%s is refused, since no page of ours sees the person',
      async (proof) => {
        const refused = { code: 'invalid_request', field: 'proof', message: expect.stringContaining('"app_verifier"') };
        await expect(start({ proof })).rejects.toMatchObject(refused);
        expect(server.requests).toEqual([]);
      },
    );

    test('none is refused where the deployment does not allow it, and the host is asked all the same', async () => {
      const strict = new OAuthManager({ ...deps, settings: { ...settings, allowNoProof: false } });
      const refused = { code: 'invalid_request', field: 'proof', message: expect.stringContaining('not allowed') };
      await expect(strict.startConnect(user, 'src', { method: 'device', proof: 'none' })).rejects.toMatchObject(
        refused,
      );
      expect(await strict.startConnect(user, 'src', { method: 'device' })).toMatchObject({ proof: 'app_verifier' });
    });

    test('is none, unless told, where the deployment asks nobody for one', async () => {
      const trusting = new OAuthManager({ ...deps, settings: { ...settings, proof: 'none' } });
      expect(await trusting.startConnect(user, 'src', { method: 'device' })).toMatchObject({ proof: 'none' });
    });
  });

  describe('erasing the user', () => {
    test('ends what is open: nobody is asked any more, and a later consent connects nothing', async () => {
      server.answer('/token', waiting, { json: token });
      const { connectId } = await start();
      const options = { method: 'device', proof: 'none' } as const;
      const other = await manager.startConnect('slack:T1:U3', 'src', options);
      const elsewhere = await manager.startConnect(user, 'src', { ...options, tenant: 'acme' });
      await manager.eraseUser(user);
      expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'erased' });
      const open = [...(await deps.store.documents.list('device-authorizations')).keys()];
      expect(open.sort()).toEqual([other, elsewhere].map((connect) => connect.connectId).sort());
      await pass(60);
      expect(polls()).toBe(2);
      expect(await manager.listUserConnections(user)).toEqual([]);
    });

    test('waits for a poll under way, and revokes what it brought', async () => {
      let letGo: (value?: unknown) => void = () => undefined;
      const held = new Promise((resolve) => (letGo = resolve));
      server.answer('/token', { after: held, json: token });
      await start();
      const polling = pass(5);
      await expect.poll(polls).toBe(1);
      const erasing = manager.eraseUser(user);
      expect(await Promise.race([erasing, sleep(150, 'waits')])).toBe('waits');
      letGo();
      expect(await erasing).toMatchObject({ connections: 1, revoked: 1 });
      await polling;
      expect(await manager.listUserConnections(user)).toEqual([]);
      expect(server.requestsTo('/revoke')).not.toEqual([]);
    });
  });

  test('what comes when nobody waits for it any more is given back', async () => {
    let letGo: (value?: unknown) => void = () => undefined;
    const held = new Promise((resolve) => (letGo = resolve));
    server.answer('/token', { after: held, json: token });
    const { connectId } = await start();
    const polling = pass(5);
    await expect.poll(polls).toBe(1);
    // As one who erases the user does when the lease of a process that stood still is over.
    await removeDevice(deps, connectId);
    letGo();
    await polling;
    expect(server.requestsTo('/revoke')).toHaveLength(1);
    expect(await manager.listUserConnections(user)).toEqual([]);
  });

  test('a provider without such an endpoint says so', async () => {
    const asked = manager.startConnect(user, 'none', { method: 'device' });
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request', field: 'method' });
  });
});

test('the catalogue knows who offers it', () => {
  const offering = [...catalogue].filter(([, template]) => template.deviceAuthorizationEndpoint).map(([id]) => id);
  expect(offering).toEqual(expect.arrayContaining(['github', 'google', 'microsoft']));
});
