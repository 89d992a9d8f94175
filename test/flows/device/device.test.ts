import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ProviderEntry } from '../../../providers/index.js';
import { catalogue, createRegistry } from '../../../providers/index.js';
import type { Dependencies, Settings } from '../../../src/flows/dependencies.js';
import { DeviceWorker } from '../../../src/flows/device/device-worker.js';
import { pollDevice } from '../../../src/flows/device/poll-device.js';
import { OAuthManager } from '../../../src/oauth-manager.js';
import { createHttp } from '../../../src/protocol/http.js';
import { openEmbeddedEngine } from '../../../src/store/embedded/index.js';
import { createStore } from '../../../src/store/sealed-store.js';
import { Keyring } from '../../../src/store/sealing.js';
import { startOidcProvider } from '../../support/authorization-servers.js';
import { approve } from '../../support/browser-walk.js';
import { createManualClock, type ManualClock } from '../../support/clock.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';
import { makePlace, openService } from '../../support/service.js';

const user = 'slack:T1:U2';
const token = { access_token: 'at-CANARY', token_type: 'Bearer', expires_in: 3600, scope: 'read' };
const device = {
  device_code: 'dc-CANARY',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://as.example/device',
  verification_uri_complete: 'https://as.example/device?user_code=ABCD-EFGH',
  expires_in: 900,
  interval: 5,
};
const waiting = { status: 400, json: { error: 'authorization_pending' } };

const settings: Settings = {
  baseUrl: 'http://127.0.0.1:9',
  refreshBufferMs: 300_000,
  linkTtlMs: 600_000,
  proof: 'chat_code',
  allowNoProof: true,
  proofTtlMs: 600_000,
  proofAttempts: 5,
  returnToOrigins: [],
  accountPolicy: 'warn',
  requestDeadlineMs: 2_000,
};

let server: ScriptedServer;
let clock: ManualClock;
let deps: Dependencies;
let manager: OAuthManager;

beforeEach(async () => {
  server = await startScriptedServer();
  clock = createManualClock();
  server.answer('/device', { json: device });
  const place = await makePlace('embedded');
  const engine = await openEmbeddedEngine({ dataDir: place.DATA_DIR ?? '', now: clock.now });
  const http = createHttp({ allowInsecureLoopback: true, now: clock.now });
  const entry = {
    ...entryAt(server.url, { device_authorization_endpoint: `${server.url}/device` }),
    userinfo_endpoint: undefined,
  };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const providers = createRegistry({ src: entry, none: entryAt(server.url) }, { allowInsecureLoopback: true });
  const store = createStore(engine, Keyring.parse(`k1:${Buffer.alloc(32, 7).toString('base64')}`));
  deps = { store, providers, http, now: clock.now, log, settings };
  manager = new OAuthManager(deps);
  onTestFinished(async () => {
    await manager.close();
    await http.close();
    await server.close();
  });
});

const polls = () => server.requestsTo('/token').length;
const start = (more: object = {}) => manager.startConnect(user, 'src', { method: 'device', proof: 'none', ...more });
const statusOf = async (connectId: string) => (await manager.findConnect(connectId)).status;

/** Time passes, and every process looks once. */
async function pass(seconds: number, processes = 1): Promise<void> {
  clock.advance(seconds * 1000);
  await Promise.all(Array.from({ length: processes }, () => new DeviceWorker(deps).round()));
}

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
      await expect(start({ proof })).rejects.toMatchObject({ code: 'invalid_request', field: 'proof' });
      expect(server.requests).toEqual([]);
    },
  );

  test('none is refused where the deployment does not allow it', async () => {
    const strict = new OAuthManager({ ...deps, settings: { ...settings, allowNoProof: false } });
    const refused = { code: 'invalid_request', field: 'proof' };
    await expect(strict.startConnect(user, 'src', { method: 'device', proof: 'none' })).rejects.toMatchObject(refused);
  });
});

test('a provider without such an endpoint says so', async () => {
  const asked = manager.startConnect(user, 'none', { method: 'device' });
  await expect(asked).rejects.toMatchObject({ code: 'invalid_request', field: 'method' });
});

test('the catalogue knows who offers it', () => {
  const offering = [...catalogue].filter(([, template]) => template.deviceAuthorizationEndpoint).map(([id]) => id);
  expect(offering).toEqual(expect.arrayContaining(['github', 'google', 'microsoft']));
});

test('a person connects by code at oidc-provider, over HTTP and with the background at work', async () => {
  const { bot, clock: time } = await openService({
    backgroundWork: true,
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async (): Promise<Record<string, ProviderEntry>> => {
      const oidc = await startDeviceServer();
      return { acme: oidc };
    },
  });
  const asked = await bot.call('POST', `/users/${user}/connect/acme`, {
    method: 'device',
    scopes: ['openid', 'email'],
  });
  expect(asked).toMatchObject({ status: 201, body: { user_code: expect.any(String), interval: expect.any(Number) } });
  const { connect_id = '', connect_url = '' } = asked.body;
  await approve(connect_url, 'http://127.0.0.1:9/', { person: 'ada' }).catch((end: unknown) => {
    expect(String(end)).toContain('Sign-in Success');
  });
  time.advance(6_000);
  await expect.poll(async () => (await bot.progress(connect_id)).body.status, { timeout: 8_000 }).toBe('connected');
  expect((await bot.token(user, 'acme')).body.account).toMatchObject({ id: 'ada' });
}, 20_000);

/** Pages of a server, as short as they can be. */
interface PageContext {
  body: string;
}
const deviceFlow = {
  enabled: true,
  userCodeConfirmSource: async (context: PageContext, form: string) => {
    context.body = `${form}<button type="submit" form="op.deviceConfirmForm">Continue</button>`;
  },
  successSource: async (context: PageContext) => {
    context.body = 'Sign-in Success';
  },
};

async function startDeviceServer(): Promise<ProviderEntry> {
  const grant = 'urn:ietf:params:oauth:grant-type:device_code';
  const client = { client_id: 'device-client', client_secret: 'device-client-secret-of-32-characters' };
  const oidc = await startOidcProvider({
    redirectUri: 'http://127.0.0.1:9/callback',
    configuration: {
      clients: [{ ...client, redirect_uris: [], response_types: [], grant_types: [grant, 'refresh_token'] }],
      features: { deviceFlow, devInteractions: { enabled: true } },
    },
  });
  onTestFinished(() => oidc.close());
  return { ...client, issuer: oidc.url };
}
