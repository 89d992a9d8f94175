/**
 * Reads and checks the whole configuration before anything starts, and reports all faults at once. Nothing else reads
 * `process.env`.
 */

import { z } from 'zod';
import type { ProviderEntry } from '../../providers/index.js';
import type { Brand } from '../core/brand.js';
import type { McpPolicy } from '../core/mcp-policy.js';
import { baseUrlSchema, queriedUrlSchema } from '../core/public-address.js';
import { Secret } from '../core/secret.js';
import type { KeyService } from '../keys/key-service.js';
import { readBrand } from './brand-settings.js';
import {
  apiKeysSchema,
  type ConfiguredApiKey,
  countSchema,
  durationSchema,
  hostSchema,
  type JwtSecret,
  jwtSecretsSchema,
  keyPrefixSchema,
  logLevelSchema,
  nameSchema,
  originsSchema,
  portSchema,
  redisUrlSchema,
  switchSchema,
  type TrustedProxies,
  trustProxySchema,
} from './config-schema.js';
import { type Environment, EnvironmentReader } from './environment.js';
import { keepMissing, type WantedStore } from './generated-keys.js';
import { readEncryptionKeys } from './key-settings.js';
import { misspeltNames } from './misspelt.js';
import { type ProofConfig, readProof, warningsOf } from './proof-settings.js';
import { readProviders } from './provider-settings.js';
import { readTracing, type TracingConfig } from './tracing/settings.js';
import { readTrust, type TrustConfig } from './trust-settings.js';
import { readWebhooks, type WebhookConfig } from './webhooks/settings.js';

/** Exit status for a configuration that cannot work (`EX_CONFIG` of sysexits.h). */
export const configurationExitCode = 78;

/** Where connections are stored. */
export type StoreConfig =
  | { readonly kind: 'redis'; readonly url: Secret }
  | { readonly kind: 'embedded'; readonly dataDir: string };

/** JSON web tokens that callers may present instead of an API key. */
export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl?: string;
  readonly secrets: readonly JwtSecret[];
}

/** Everything that the service needs to know. Durations are ms. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Where `valetkey worker` answers /healthz, /readyz and /metrics; absent = nowhere. */
  readonly workerPort?: number;
  readonly baseUrl: string;
  readonly store: StoreConfig;
  readonly dataDir: string;
  readonly keyPrefix: string;
  /** Wrapped keys if there is a key service. */
  readonly encryptionKeys: Secret;
  readonly keyService?: KeyService;
  readonly apiKeys: readonly ConfiguredApiKey[];
  readonly jwt?: JwtConfig;
  readonly providers: Readonly<Record<string, ProviderEntry>>;
  readonly mcp?: McpPolicy;
  readonly allowInsecureLoopbackProviders: boolean;
  readonly refreshBufferMs: number;
  /** Per provider and process; a rate of 0 means no limit. If it is off, tokens are refreshed when callers need them. */
  readonly refreshAhead: { readonly isOn: boolean; readonly concurrency: number; readonly perSecond: number };
  /** Replicas of Redis that every commit waits for. */
  readonly redisWait?: { readonly replicas: number; readonly timeoutMs: number; readonly onDisk: boolean };
  readonly spoolDir?: string;
  readonly linkTtlMs: number;
  readonly proof: ProofConfig;
  readonly returnToOrigins: readonly string[];
  readonly trust: TrustConfig;
  readonly webhooks?: WebhookConfig;
  readonly tracing?: TracingConfig;
  readonly brand: Brand;
  readonly trustProxy?: TrustedProxies;
  readonly logLevel: z.infer<typeof logLevelSchema>;
  /** Files that this start has created, or found, for variables that are not set. */
  readonly generated: { readonly encryptionKeys?: string; readonly apiKey?: string };
  /** Where an embedded store will be that is not there yet. */
  readonly newDataFile?: string;
  /** Whether PROVIDERS_FILE is set, even to a file without providers. */
  readonly hasProvidersFile: boolean;
  /** What an operator should know, each a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Reads and checks the environment. With the embedded store, missing keys are created and kept in the data directory.
 *
 * @param wanted `old` creates nothing: a missing embedded store is a fault; `none` does without keys, too
 * @throws ConfigurationError with all faults, each naming its variable and never its value
 */
export function loadConfig(environment: Environment = process.env, wanted: WantedStore = 'new or old'): Config {
  const reader = new EnvironmentReader(environment);
  const service = readService(reader);
  const store = readStore(reader);
  const callers = readCallers(reader);
  const journeys = readJourneys(reader);
  const allowInsecureLoopbackProviders = reader.read('ALLOW_INSECURE_LOOPBACK_PROVIDERS', switchSchema) ?? false;
  const providers = readProviders(reader, allowInsecureLoopbackProviders);
  const trust = readTrust(reader);
  const webhooks = readWebhooks(reader);
  const tracing = readTracing(reader);
  const brand = readBrand(reader);
  const proof = readProof(reader, providers.entries);
  const { encryptionKeys, keyService } = readEncryptionKeys(reader, store.store.kind === 'redis');
  reader.finish();
  const kept = keepMissing(store, { encryptionKeys, apiKeys: callers.apiKeys }, wanted);
  return {
    ...service,
    ...store,
    ...(callers.jwt ? { jwt: callers.jwt } : {}),
    ...journeys,
    ...kept,
    ...(keyService && { keyService }),
    proof,
    trust,
    ...(webhooks && { webhooks }),
    ...(tracing && { tracing }),
    brand,
    providers: providers.entries,
    ...(providers.mcp && { mcp: providers.mcp }),
    allowInsecureLoopbackProviders,
    hasProvidersFile: reader.has('PROVIDERS_FILE'),
    warnings: [...providers.warnings, ...misspeltNames(reader), ...warningsOf(proof), ...kept.warnings],
  };
}

/** The environment itself, for settings that only one command reads. */
export function currentEnvironment(): Environment {
  return process.env;
}

/** Ids of the providers that can be used; one with nothing but scopes cannot. A static token needs no client. */
export function configuredProviders({ providers }: Pick<Config, 'providers'>): string[] {
  const isUsable = (entry: ProviderEntry) => entry.client_id !== undefined || entry.source === 'static';
  return Object.entries(providers).flatMap(([id, entry]) => (isUsable(entry) ? [id] : []));
}

function readService(reader: EnvironmentReader) {
  const port = reader.read('PORT', portSchema) ?? 3000;
  const workerPort = reader.read('WORKER_PORT', portSchema);
  const trustProxy = reader.read('TRUST_PROXY', trustProxySchema);
  return {
    host: reader.read('HOST', hostSchema) ?? '127.0.0.1',
    port,
    ...(workerPort === undefined ? {} : { workerPort }),
    baseUrl: reader.read('BASE_URL', baseUrlSchema) ?? `http://localhost:${port}`,
    ...(trustProxy === undefined ? {} : { trustProxy }),
    logLevel: reader.read('LOG_LEVEL', logLevelSchema) ?? ('info' as const),
  };
}

function readStore(reader: EnvironmentReader) {
  const url = reader.readSecret('REDIS_URL', redisUrlSchema);
  const dataDir = reader.read('DATA_DIR', z.string()) ?? './data';
  const store: StoreConfig = reader.has('REDIS_URL')
    ? { kind: 'redis', url: url ?? new Secret('') }
    : { kind: 'embedded', dataDir };
  const spoolDir = reader.read('SPOOL_DIR', z.string());
  const redisWait = readRedisWait(reader);
  return {
    store,
    dataDir,
    keyPrefix: reader.read('KEY_PREFIX', keyPrefixSchema) ?? 'valetkey',
    ...(spoolDir === undefined ? {} : { spoolDir }),
    ...(redisWait && store.kind === 'redis' ? { redisWait } : {}),
  };
}

function readRedisWait(reader: EnvironmentReader): Config['redisWait'] {
  const replicas = reader.read('REDIS_WAIT_REPLICAS', countSchema(0, 10)) ?? 0;
  const timeoutMs = reader.read('REDIS_WAIT_TIMEOUT_MS', countSchema(1, 1_000)) ?? 200;
  const onDisk = reader.read('REDIS_WAIT_ON_DISK', switchSchema) ?? false;
  return replicas === 0 ? undefined : { replicas, timeoutMs, onDisk };
}

function readRefreshAhead(reader: EnvironmentReader): Config['refreshAhead'] {
  const isOn = reader.read('REFRESH_AHEAD', switchSchema) ?? true;
  const concurrency = reader.read('REFRESH_CONCURRENCY', countSchema(1, 1_000)) ?? 10;
  const perSecond = reader.read('REFRESH_RATE_PER_SECOND', countSchema(0, 100_000)) ?? 50;
  return { isOn, concurrency, perSecond };
}

function readCallers(reader: EnvironmentReader) {
  const apiKeys = reader.readSecret('API_KEYS', apiKeysSchema) ?? [];
  const jwt = readJwt(reader);
  return jwt ? { apiKeys, jwt } : { apiKeys };
}

function readJwt(reader: EnvironmentReader): JwtConfig | undefined {
  const issuer = reader.read('API_JWT_ISSUER', nameSchema);
  const audience = reader.read('API_JWT_AUDIENCE', nameSchema);
  const jwksUrl = reader.read('API_JWT_JWKS_URL', queriedUrlSchema);
  const secrets = reader.readSecret('API_JWT_SECRETS', jwtSecretsSchema) ?? [];
  const keys = ['API_JWT_JWKS_URL', 'API_JWT_SECRETS'].filter((name) => reader.has(name));
  const names = ['API_JWT_ISSUER', 'API_JWT_AUDIENCE'];
  if (keys.length === 0 && !names.some((name) => reader.has(name))) return undefined;
  for (const name of names) if (!reader.has(name)) reader.fault(name, 'is required with the other API_JWT_ variables');
  if (keys.length !== 1) reader.fault('API_JWT_JWKS_URL', 'set either this or API_JWT_SECRETS');
  if (issuer === undefined || audience === undefined) return undefined;
  return { issuer, audience, secrets, ...(jwksUrl === undefined ? {} : { jwksUrl }) };
}

function readJourneys(reader: EnvironmentReader) {
  return {
    // For each token it is capped at half of its lifetime.
    refreshBufferMs: reader.read('REFRESH_BUFFER_SECONDS', durationSchema(0, 86_400)) ?? 300_000,
    refreshAhead: readRefreshAhead(reader),
    linkTtlMs: reader.read('LINK_CODE_TTL_SECONDS', durationSchema(1, 86_400)) ?? 600_000,
    returnToOrigins: reader.read('RETURN_TO_ORIGINS', originsSchema) ?? [],
  };
}
