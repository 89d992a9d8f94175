/** The API on a real manager over the embedded store, with one key per role. Listens to nothing. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { Registry } from 'prom-client';
import { type ApiOptions, api } from '../../routes/api.js';
import { useProblems } from '../../routes/error-handler.js';
import { serverOptions } from '../../routes/server-options.js';
import { type ProviderId, providerIdSchema } from '../../src/core/identifiers.js';
import type { Provider, ProviderRegistry } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import type { Store } from '../../src/core/store.js';
import type { Settings } from '../../src/flows/dependencies.js';
import { OAuthManager } from '../../src/oauth-manager.js';
import { createHttp } from '../../src/protocol/http.js';
import { createAdministration } from '../../src/service/administration.js';
import { createCallerAuth } from '../../src/service/caller-auth.js';
import { RevokedCallers } from '../../src/service/revoked-callers.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { createStore } from '../../src/store/sealed-store.js';
import { Keyring } from '../../src/store/sealing.js';

/** One key of the configuration per role; `foreign` is a bot of another tenant. */
export const keys = {
  bot: 'bot-key-bot-key-bot-key-bot-key-0001',
  viewer: 'viewer-key-viewer-key-viewer-key-0001',
  admin: 'admin-key-admin-key-admin-key-admin-01',
  foreign: 'foreign-key-foreign-key-foreign-key-01',
} as const;

/** The secret with which the tests sign JWTs of role `user`. */
export const jwtSecret = 'jwt-secret-jwt-secret-jwt-secret-0001';
export const jwtIssuer = 'https://host.example';

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

const settings: Settings = {
  baseUrl: 'https://valetkey.example',
  refreshBufferMs: 300_000,
  linkTtlMs: 600_000,
  proof: 'chat_code',
  allowNoProof: false,
  proofTtlMs: 600_000,
  proofAttempts: 5,
  returnToOrigins: ['https://app.example'],
  accountPolicy: 'warn',
  requestDeadlineMs: 2000,
};

function describeProvider(id: ProviderId): Provider {
  return {
    id,
    displayName: id.toUpperCase(),
    authorizationEndpoint: `https://${id}.example/authorize`,
    tokenEndpoint: `https://${id}.example/token`,
    issParameterSupported: false,
    clientId: 'client',
    clientSecret: new Secret('client-secret'),
    clientAuthentication: 'client_secret_basic',
    tokenRequestFormat: 'form',
    pkce: 'S256',
    defaultScope: ['read'],
    scopeSeparator: ' ',
    unlistedScope: [],
    extraAuthorizationParameters: {},
    extraTokenParameters: {},
    extraTokenHeaders: {},
    tokensExpire: true,
    defaultLifetimeMs: 3_600_000,
    refreshReuse: 'none',
    identity: { from: 'none', id: 'id' },
    refusals: [],
    unverified: [],
  };
}

const configured = ['github', 'slack'].map((id) => describeProvider(providerIdSchema.parse(id)));

const registry: ProviderRegistry = {
  find: (id) => configured.find((provider) => provider.id === id),
  findNaming: (id) => configured.find((provider) => provider.id === id),
  configured: () => configured,
  known: () => [
    ...configured.map(({ id, displayName, defaultScope }) => ({ id, displayName, configured: true, defaultScope })),
    { id: providerIdSchema.parse('google'), displayName: 'Google', configured: false, defaultScope: [] },
  ],
};

export interface ApiUnderTest {
  readonly app: FastifyInstance;
  readonly manager: OAuthManager;
  readonly store: Store;
  readonly engine: StorageEngine;
  /** Everything that was logged, one JSON line each. */
  readonly logged: string[];
  readonly close: () => Promise<void>;
}

/** Builds it; `also` adds or replaces options of the plugin and of Fastify, and may look at the app beforehand. */
export async function buildApi(
  also: {
    plugin?: Partial<ApiOptions>;
    fastify?: FastifyServerOptions;
    observe?: (app: FastifyInstance) => unknown;
    settings?: Partial<Settings>;
  } = {},
): Promise<ApiUnderTest> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'valetkey-api-'));
  const engine = await openEmbeddedEngine({ dataDir });
  const store = createStore(engine, Keyring.parse(`k1:${Buffer.alloc(32, 7).toString('base64')}`));
  const http = createHttp();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const manager = new OAuthManager({
    store,
    providers: registry,
    http,
    now: Date.now,
    log,
    settings: { ...settings, ...also.settings },
  });
  const logged: string[] = [];
  const app = Fastify({
    ...serverOptions,
    logger: { level: 'info', stream: { write: (line: string) => logged.push(line) } },
    ...also.fastify,
  });
  useProblems(app);
  also.observe?.(app);
  const revoked = new RevokedCallers(store.documents, Date.now);
  await app.register(api, {
    manager,
    authenticate: authenticator(store, revoked),
    administration: createAdministration(store.documents, revoked, Date.now),
    metrics: async () => new Registry(),
    ...also.plugin,
  });
  const close = async () => {
    await app.close();
    await manager.close();
    await http.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { app, manager, store, engine, logged, close };
}

function authenticator(store: Store, revoked: RevokedCallers) {
  const key = (id: keyof typeof keys, role: 'bot' | 'viewer' | 'admin', tenant = 'default') => ({
    id,
    role,
    secret: new Secret(keys[id]),
    tenant,
  });
  return createCallerAuth({
    apiKeys: [key('bot', 'bot'), key('viewer', 'viewer'), key('admin', 'admin'), key('foreign', 'bot', 'other')],
    jwt: { issuer: jwtIssuer, audience: 'valetkey', secrets: [{ secret: new Secret(jwtSecret) }] },
    documents: store.documents,
    revoked,
    now: Date.now,
  });
}
