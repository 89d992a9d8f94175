/** The whole service over real HTTP on loopback, on either store, for the journeys. Everything ends with its test. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { buildApp, type Service } from '../../src/service/app.js';
import { loadConfig } from '../../src/service/config.js';
import { createLogger } from '../../src/service/logger.js';
import { Bot } from './bot.js';
import { createManualClock, type ManualClock } from './clock.js';
import { sharedRedis } from './redis.js';

/** The two stores on which every journey is tested. */
export const storeKinds = ['embedded', 'redis'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Where a store keeps its records, as environment variables. */
export type Place = Readonly<Record<string, string>>;

/** The bot's API key and the encryption key of every journey. */
export const secrets = {
  botKey: 'journey-bot-key-journey-bot-key-0001',
  encryptionKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
} as const;

export interface ServiceOptions {
  /** By default a place of the embedded store. */
  readonly place?: Place;
  /** The providers; `callback` gives each one's redirect URI. */
  readonly providers: (callback: (id: string) => string) => Promise<Readonly<Record<string, ProviderEntry>>>;
  /** The base URL for the address at which it listens; by default the same. For further replicas. */
  readonly baseUrl?: (address: string) => string;
  readonly clock?: ManualClock;
  /** Off by default, so that nothing is refreshed before the callers under test ask. */
  readonly backgroundWork?: boolean;
  /** Further variables of the environment. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A service that listens. */
export interface OpenService extends Pick<Service, 'manager' | 'store'> {
  /** Origin that it listens at. */
  readonly address: string;
  readonly baseUrl: string;
  readonly bot: Bot;
  readonly clock: ManualClock;
  /** The lines of its log until now. */
  readonly log: readonly string[];
}

/** A new place for one test; on Redis, a key prefix of the shared server. */
export async function makePlace(kind: StoreKind): Promise<Place> {
  if (kind === 'embedded') {
    const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-journey-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    return { DATA_DIR: dataDir };
  }
  const redis = await sharedRedis();
  onTestFinished(() => redis.stop());
  return { REDIS_URL: redis.url, KEY_PREFIX: `j${randomBytes(6).toString('hex')}` };
}

/** Builds the service of `src/service/app.ts` and serves it on a free port of 127.0.0.1. */
export async function openService(options: ServiceOptions): Promise<OpenService> {
  const server = createServer();
  const address = await listen(server);
  const baseUrl = options.baseUrl?.(address) ?? address;
  const { clock = createManualClock(Date.now()), backgroundWork = false } = options;
  const config = loadConfig({
    ENCRYPTION_KEYS: secrets.encryptionKeys,
    API_KEYS: `journey:bot:${secrets.botKey}`,
    ALLOW_INSECURE_LOOPBACK_PROVIDERS: 'true',
    BASE_URL: baseUrl,
    // Races send many requests from one address; the limit has its own tests.
    RATE_LIMIT_BROWSER_PER_MINUTE: '0',
    ...(options.place ?? (await makePlace('embedded'))),
    ...options.variables,
  });
  const providers = await options.providers((id) => `${baseUrl}/oauth/${id}/callback`);
  const log: string[] = [];
  const logger = createLogger('trace', { write: (line) => log.push(line) });
  const service = await buildApp({ ...config, providers }, { log: logger, now: clock.now, backgroundWork });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await service.close();
  });
  await service.app.ready();
  server.on('request', (request, response) => service.app.routing(request, response));
  const { manager, store } = service;
  return { manager, store, address, baseUrl, clock, log, bot: new Bot(address, secrets.botKey) };
}

/** The port has to be known before the service is built, since it is part of every redirect URI. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}
