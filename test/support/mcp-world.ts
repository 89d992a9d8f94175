/** A small world for MCP: a server that requires tokens, its authorization server, and a manager that knows neither. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { McpPolicy } from '../../src/core/mcp-policy.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { type ManagerOptions, openManager } from '../../src/open-manager.js';
import { createManualClock, type ManualClock } from './clock.js';
import { sharedRedis } from './redis.js';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from './scripted-server.js';
import { type ScriptedTokenOptions, type ScriptedTokens, scriptTokens } from './scripted-tokens.js';
import type { StoreKind } from './service.js';

/** The paths in this world. */
export const places = {
  resource: '/.well-known/oauth-protected-resource/mcp',
  resourceRoot: '/.well-known/oauth-protected-resource',
  metadata: '/.well-known/oauth-authorization-server',
  openid: '/.well-known/openid-configuration',
} as const;

export interface McpWorld {
  readonly manager: OAuthManager;
  readonly clock: ManualClock;
  /** The MCP server. */
  readonly server: ScriptedServer;
  /** Its authorization server. */
  readonly issuer: ScriptedServer;
  readonly tokens: ScriptedTokens;
  /** URL of the MCP server. */
  readonly url: string;
  /** The requests to both servers that are not calls of the MCP server itself. */
  outside(): readonly string[];
  /** All log entries, each as a JSON text. */
  readonly logged: string[];
  /** Does what a person does: opens the link, consents, comes back. Answers the address of the first redirect. */
  connect(connectUrl: string, change?: (answer: URLSearchParams) => void): Promise<URL>;
  /** A second manager on the same store, like another replica; by default with the same policy. */
  openSibling(policy?: McpPolicy): Promise<OAuthManager>;
  /** Where the store is, as options of `openManager`; for managers in other processes. */
  readonly place: StorePlace;
  close(): Promise<void>;
}

/** The options that identify a store. */
export type StorePlace = Pick<ManagerOptions, 'dataDir' | 'redisUrl' | 'keyPrefix'>;

export interface McpWorldOptions {
  /** The embedded one by default. */
  readonly store?: StoreKind;
  readonly policy?: McpPolicy | ((urls: { server: string; issuer: string }) => McpPolicy);
  /** Merged over the authorization server's metadata; `undefined` removes a field. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Merged over the server's resource metadata. */
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly tokens?: ScriptedTokenOptions;
  readonly registration?: ScriptedAnswer;
  readonly baseUrl?: string;
}

/** Opens the world. The server answers 401 without a live token. */
export async function openMcpWorld(options: McpWorldOptions = {}): Promise<McpWorld> {
  const [server, issuer] = await Promise.all([startScriptedServer(), startScriptedServer()]);
  const tokens = scriptTokens(issuer, options.tokens);
  scriptIssuer(issuer, options);
  const url = `${server.url}/mcp`;
  server.answer(places.resource, { json: { ...resourceOf(url, issuer.url), ...options.resource } });
  server.answer('/mcp', ({ headers, body }) =>
    tokens.isLive(headers.authorization?.replace('Bearer ', '') ?? '')
      ? { json: { echo: body } }
      : { status: 401, headers: { 'www-authenticate': challengeOf(server.url) } },
  );
  const { place, close: closePlace } = await openPlace(options.store ?? 'embedded');
  const clock = createManualClock(Date.now());
  const logged: string[] = [];
  const note = (fields: object, message: string) => logged.push(JSON.stringify([fields, message]));
  const given = options.policy ?? {};
  const policy = typeof given === 'function' ? given({ server: url, issuer: issuer.url }) : given;
  const managers: OAuthManager[] = [];
  const openSibling = async (rules: McpPolicy = policy) => {
    const manager = await openManager({
      ...managerOptions,
      ...place,
      baseUrl: options.baseUrl ?? managerOptions.baseUrl,
      mcp: rules,
      now: clock.now,
      log: { debug: note, info: note, warn: note, error: note },
    });
    managers.push(manager);
    return manager;
  };
  const manager = await openSibling();
  return {
    ...{ manager, openSibling, place, clock, server, issuer, tokens, url, logged },
    outside: () =>
      [...server.requests.filter(({ path }) => path !== '/mcp'), ...issuer.requests].map((each) => each.path),
    connect: (connectUrl, change) => connect(manager, connectUrl, change),
    close: async () => {
      await Promise.all(managers.map((each) => each.close()));
      await Promise.all([server.close(), issuer.close(), closePlace()]);
    },
  };
}

/** Options of every manager of these worlds, in other processes too. */
export const managerOptions = {
  baseUrl: 'http://localhost:3000',
  providers: {},
  encryptionKeys: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
  connectProof: 'none',
  unsafeConnectWithoutProof: true,
  allowInsecureLoopbackProviders: true,
  backgroundWork: false,
} as const;

async function openPlace(kind: StoreKind): Promise<{ place: StorePlace; close: () => Promise<void> }> {
  if (kind === 'redis') {
    const { url: redisUrl, stop } = await sharedRedis();
    return { place: { redisUrl, keyPrefix: `m${randomBytes(6).toString('hex')}` }, close: stop };
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-mcp-'));
  return { place: { dataDir }, close: () => rm(dataDir, { recursive: true, force: true }) };
}

/** The challenge of a well-behaved server. */
export function challengeOf(origin: string, more = ''): string {
  return `Bearer resource_metadata="${origin}${places.resource}"${more}`;
}

/** Resource metadata (RFC 9728). */
export function resourceOf(url: string, ...issuers: string[]) {
  return { resource: url, authorization_servers: issuers, scopes_supported: ['read'] };
}

/** Authorization server metadata (RFC 8414) with all endpoints at one origin. */
export function metadataOf(origin: string) {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  };
}

function scriptIssuer(issuer: ScriptedServer, { metadata, registration }: McpWorldOptions): void {
  issuer.answer(places.metadata, { json: { ...metadataOf(issuer.url), ...metadata } });
  let registered = 0;
  issuer.answer('/register', () => {
    registered += 1;
    return registration ?? { status: 201, json: { client_id: `client-${registered}`, client_secret: 'canary-secret' } };
  });
  issuer.answer('/revoke', { json: {} });
}

async function connect(
  manager: OAuthManager,
  connectUrl: string,
  change?: (answer: URLSearchParams) => void,
): Promise<URL> {
  const link = new URL(connectUrl);
  const provider = link.pathname.split('/').at(-1) ?? '';
  const started = await manager.startAuthorization(provider, link.searchParams.get('link') ?? '');
  const answered = await fetch(started.authorizationUrl, { redirect: 'manual' });
  const { searchParams } = new URL(answered.headers.get('location') ?? '');
  change?.(searchParams);
  await manager.finishAuthorization(provider, searchParams, started.browserSecret.reveal());
  return new URL(started.authorizationUrl);
}
