/** Erasing a user leaves nothing: looked for in every key and every record of the store, on both engines. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { ownerKeyOf, providerIdSchema } from '../../src/core/identifiers.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { openManager } from '../../src/open-manager.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { dueMemberOf } from '../../src/store/field-names.js';
import { isPacked, unpackText } from '../../src/store/packed-text.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { walkNames, walkSealedRecords } from '../../src/store/sealed-records.js';
import { openSealedStore } from '../../src/store/sealed-store.js';
import { Keyring } from '../../src/store/sealing.js';
import { user as ada, openBrowserHalf } from '../flows/browser-half.js';
import { aConnection, aGrant, keyEntry } from '../store/samples.js';
import { device } from '../support/device-stage.js';
import { eventually, sharedRedis } from '../support/redis.js';
import { startScriptedServer } from '../support/scripted-server.js';

const redis = await sharedRedis();
const root = mkdtempSync(join(tmpdir(), 'valetkey-erase-'));
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await redis.stop();
});

/** A provider that revokes nothing, so that nobody has to answer here. */
const own = {
  client_id: 'id',
  client_secret: 'secret',
  authorization_endpoint: 'http://127.0.0.1:9/authorize',
  token_endpoint: 'http://127.0.0.1:9/token',
};

const keys = keyEntry('k1');
/** Of a manager beside its store and providers. */
const common = {
  baseUrl: 'http://127.0.0.1:9',
  encryptionKeys: keys,
  backgroundWork: false,
  allowInsecureLoopbackProviders: true,
  unsafeConnectWithoutProof: true,
} as const;
const prefix = `t-${randomUUID()}`;
const engines: readonly [string, () => Promise<StorageEngine>, () => Promise<readonly string[]>][] = [
  ['embedded', () => openEmbeddedEngine({ dataDir: root }), async () => []],
  ['Redis', () => openRedisEngine({ url: redis.url, keyPrefix: prefix }), redisKeys],
];

const tenMinutesMs = 600_000;

/** All keys, also those of kinds that no walk knows; without the versions of what was removed, if they end in ten minutes. */
async function redisKeys(): Promise<readonly string[]> {
  const client = new Redis(redis.url);
  const lasting: string[] = [];
  for (const key of await client.keys(`${prefix}:*`)) {
    const leftMs = await client.pttl(key);
    const endsSoon = leftMs > 0 && leftMs <= tenMinutesMs;
    if (!(endsSoon && key.endsWith(':t'))) lasting.push(key);
  }
  await client.quit();
  return lasting;
}

/** Where a text still stands: in a name, or opened in a record. Answers the kinds of record. */
async function findTraces(engine: StorageEngine, keyring: Keyring, text: string): Promise<string[]> {
  const traces: string[] = [];
  for (const what of ['owners', 'expiring', 'logs', 'collections'] as const) {
    for await (const name of walkNames(engine, what)) if (name.includes(text)) traces.push(what);
  }
  for await (const { kind, where, sealed, associated } of walkSealedRecords(engine)) {
    const opened = keyring.open(sealed, associated);
    const plain = isPacked(opened) ? unpackText(opened) : opened.toString();
    if (plain.includes(text) || where.includes(text)) traces.push(kind);
  }
  return [...new Set(traces)].sort();
}

describe.each(engines)('erasing a user on %s', (_name, open, listKeys) => {
  it('leaves no key, index entry or record of the user, but in what ends by itself: events, audit, links', async () => {
    const keyring = Keyring.parse(keys);
    const engine = await open();
    const store = await openSealedStore(engine, keyring);
    const server = await startScriptedServer();
    server.answer('/device', { json: device });
    const manager = await openManager({
      ...common,
      store,
      providers: { own: { ...own, device_authorization_endpoint: `${server.url}/device` } },
    });
    const [user, other] = [`canary-${randomUUID()}`, `other-${randomUUID()}`];
    const owner = parseOwner(user, undefined);
    const key = ownerKeyOf(owner);
    for (const each of [user, other]) {
      const token = {
        provider: 'own',
        accessToken: 'at',
        refreshToken: 'rt',
        expiresAt: Date.now() / 1_000 + 3_600,
      };
      await manager.storeToken(each, token);
      await manager.storeToken(each, { ...token, account: 'second' });
    }
    const refs = [aConnection(owner, { provider: providerIdSchema.parse('own') })].map(({ provider, account }) => ({
      owner,
      provider,
      account,
    }));
    for (const ref of refs) {
      await store.connections.markUsed(ref, Date.now());
      const generation = (await store.connections.find(ref))?.generation ?? 0;
      const intent = { generation, holder: 'h', startedAt: 1, deadline: 2, attempt: 1 };
      await store.connections.beginRefresh(ref, intent, { ms: 1 });
    }
    const grant = { kind: 'put_grant', connectId: 'g1', grant: aGrant(owner), expect: 'absent' } as const;
    await store.connections.write(owner, [grant]);
    await store.documents.put('awaiting-grants', 'g1', { ...owner, endsAt: Date.now() });
    await manager.startConnect(user, 'own');
    for (const each of [user, other]) await manager.startConnect(each, 'own', { method: 'device', proof: 'none' });
    await manager.createAccountLink(user);
    expect(await findTraces(engine, keyring, user)).toEqual(
      expect.arrayContaining(['connection', 'document', 'grant']),
    );
    const fields = [...(await engine.readOwner(key)).fields.keys()];
    expect(fields).toHaveLength(3);

    await manager.eraseUser(user);

    const remaining = await findTraces(engine, keyring, user);
    expect(remaining.filter((kind) => !['event', 'audit', 'short_lived'].includes(kind))).toEqual([]);
    expect(await findTraces(engine, keyring, key)).toEqual([]);
    expect((await listKeys()).filter((name) => name.includes(key) || name.includes(user))).toEqual([]);
    for (const field of fields) expect(await engine.dueTime(dueMemberOf(key, field))).toBeUndefined();
    expect((await engine.readOwner(key)).marks.size).toBe(0);
    for (const field of fields) expect(await engine.readNote(key, field)).toBeUndefined();
    expect(await findTraces(engine, keyring, other)).toEqual(expect.arrayContaining(['connection', 'document']));
    await manager.close();
    await server.close();
  });
});

describe.each(engines)('erasing a user of a provider that is no longer configured, on %s', (_name, open) => {
  it.each([
    ['Slack, whose workspaces have one token for several people', 'slack', {}],
    ['Zendesk, where every customer has a host', 'zendesk', { subdomain: 'acme' }],
  ])('leaves no entry in the indexes of accounts: %s', async (_title, provider, parameters) => {
    const keyring = Keyring.parse(keys);
    const engine = await open();
    const store = await openSealedStore(engine, keyring);
    const server = await startScriptedServer();
    const answer = { ok: true, access_token: 'at', token_type: 'bot', team: { id: 'T1' }, authed_user: { id: 'U1' } };
    server.answer('/token', { json: answer });
    server.answer('/userinfo', { json: { user: { id: 4711 } } });
    const options = { ...common, store, connectProof: 'none' } as const;
    const entry = { ...own, token_endpoint: `${server.url}/token`, userinfo_endpoint: `${server.url}/userinfo` };
    const before = await openManager({ ...options, providers: { [provider]: entry } });
    const user = `canary-${randomUUID()}`;
    const { connectUrl } = await before.startConnect(user, provider, { parameters });
    const code = new URL(connectUrl).searchParams.get('link') ?? '';
    const { authorizationUrl, browserSecret } = await before.startAuthorization(provider, code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    const back = new URLSearchParams({ code: 'x', state });
    await before.finishAuthorization(provider, back, browserSecret.reveal());
    expect(await findTraces(engine, keyring, user)).toEqual(expect.arrayContaining(['connection', 'document']));
    const after = await openManager({ ...options, providers: { own } });
    expect(await after.eraseUser(user)).toMatchObject({ connections: 1 });
    expect(await findTraces(engine, keyring, user)).toEqual(['audit', 'event', 'short_lived']);
    await before.close();
    await after.close();
    await server.close();
  });
});

it('revokes as well what is proven while the provider is asked to revoke the rest', async () => {
  const noProof = { connectProof: 'none', unsafeConnectWithoutProof: true } as const;
  const { manager, server, finish } = await openBrowserHalf({}, noProof);
  await finish();
  let letGo = () => {};
  const after = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  server.answer('/revoke', { status: 200, after });
  const erasing = manager.eraseUser(ada);
  await eventually('the provider is asked', () => server.requestsTo('/revoke').length === 1);
  await finish({ account: 'work' });
  letGo();
  expect(await erasing).toMatchObject({ connections: 2, revoked: 2 });
  expect(server.requestsTo('/revoke')).toHaveLength(2);
  expect(await manager.listUserConnections(ada)).toEqual([]);
});
