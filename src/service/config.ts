/** The only reader of `process.env`: all of the configuration, checked before anything starts, all faults at once. */

import { z } from 'zod';
import type { ProviderEntry } from '../../providers/index.js';
import type { ProofMode } from '../core/connection.js';
import { ConfigurationError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import {
  apiKeysSchema,
  baseUrlSchema,
  type ConfiguredApiKey,
  connectProofSchema,
  deepLinkSchema,
  durationSchema,
  encryptionKeysSchema,
  endpointUrlSchema,
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
import { type KeptSecret, keepApiKey, keepEncryptionKeys } from './generated-keys.js';
import { readProviders } from './provider-settings.js';

/** Exit status for a configuration that cannot work (`EX_CONFIG` of sysexits.h). */
export const configurationExitCode = 78;

/** Where everything is kept. */
export type StoreConfig =
  | { readonly kind: 'redis'; readonly url: Secret }
  | { readonly kind: 'embedded'; readonly dataDir: string };

/** JSON web tokens that callers may show instead of an API key. */
export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl?: string;
  readonly secrets: readonly JwtSecret[];
}

/** How the person in the browser is shown to be the person in the chat. */
export interface ProofConfig {
  readonly mode: ProofMode;
  readonly allowNone: boolean;
  readonly deepLink?: string;
  readonly appVerifierUrl?: string;
}

/** Everything that the service needs to know. Durations are ms. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly baseUrl: string;
  readonly store: StoreConfig;
  readonly dataDir: string;
  readonly keyPrefix: string;
  readonly encryptionKeys: Secret;
  readonly apiKeys: readonly ConfiguredApiKey[];
  readonly jwt?: JwtConfig;
  readonly providers: Readonly<Record<string, ProviderEntry>>;
  readonly allowInsecureLoopbackProviders: boolean;
  readonly refreshBufferMs: number;
  readonly linkTtlMs: number;
  readonly proof: ProofConfig;
  readonly returnToOrigins: readonly string[];
  readonly trustProxy?: TrustedProxies;
  readonly logLevel: z.infer<typeof logLevelSchema>;
  /** Files that this start made or found instead of variables. */
  readonly generated: { readonly encryptionKeys?: string; readonly apiKey?: string };
  /** Whether PROVIDERS_FILE is set, even to a file without providers. */
  readonly hasProvidersFile: boolean;
  /** What an operator should know, each a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Reads and checks the environment. With the embedded store, missing keys are made and kept in the data directory.
 *
 * @throws ConfigurationError with all faults, each naming its variable and never its value
 */
export function loadConfig(environment: Environment = process.env): Config {
  const reader = new EnvironmentReader(environment);
  const service = readService(reader);
  const store = readStore(reader);
  const callers = readCallers(reader);
  const journeys = readJourneys(reader);
  const allowInsecureLoopbackProviders = reader.read('ALLOW_INSECURE_LOOPBACK_PROVIDERS', switchSchema) ?? false;
  const providers = readProviders(reader, allowInsecureLoopbackProviders);
  const encryptionKeys = reader.readSecret('ENCRYPTION_KEYS', encryptionKeysSchema);
  if (store.store.kind === 'redis' && !reader.has('ENCRYPTION_KEYS')) {
    reader.fault('ENCRYPTION_KEYS', 'is required with REDIS_URL; make one with "valetkey keys generate"');
  }
  reader.finish();
  const kept = keepMissing(store, { encryptionKeys, apiKeys: callers.apiKeys });
  return {
    ...service,
    ...store,
    ...(callers.jwt ? { jwt: callers.jwt } : {}),
    ...journeys,
    ...kept,
    providers: providers.entries,
    allowInsecureLoopbackProviders,
    hasProvidersFile: reader.has('PROVIDERS_FILE'),
    warnings: [...providers.warnings, ...warningsOf(journeys.proof)],
  };
}

/** Ids of the providers that can be used; scopes alone configure none. A static token needs no client. */
export function configuredProviders({ providers }: Pick<Config, 'providers'>): string[] {
  const isUsable = (entry: ProviderEntry) => entry.client_id !== undefined || entry.source === 'static';
  return Object.entries(providers).flatMap(([id, entry]) => (isUsable(entry) ? [id] : []));
}

function readService(reader: EnvironmentReader) {
  const port = reader.read('PORT', portSchema) ?? 3000;
  const trustProxy = reader.read('TRUST_PROXY', trustProxySchema);
  return {
    host: reader.read('HOST', hostSchema) ?? '127.0.0.1',
    port,
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
  return { store, dataDir, keyPrefix: reader.read('KEY_PREFIX', keyPrefixSchema) ?? 'valetkey' };
}

function readCallers(reader: EnvironmentReader) {
  const apiKeys = reader.readSecret('API_KEYS', apiKeysSchema) ?? [];
  const jwt = readJwt(reader);
  return jwt ? { apiKeys, jwt } : { apiKeys };
}

function readJwt(reader: EnvironmentReader): JwtConfig | undefined {
  const issuer = reader.read('API_JWT_ISSUER', nameSchema);
  const audience = reader.read('API_JWT_AUDIENCE', nameSchema);
  const jwksUrl = reader.read('API_JWT_JWKS_URL', endpointUrlSchema);
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
    // Half of a token's lifetime caps it again, token by token.
    refreshBufferMs: reader.read('REFRESH_BUFFER_SECONDS', durationSchema(0, 86_400)) ?? 300_000,
    linkTtlMs: reader.read('LINK_CODE_TTL_SECONDS', durationSchema(30, 86_400)) ?? 600_000,
    proof: readProof(reader),
    returnToOrigins: reader.read('RETURN_TO_ORIGINS', originsSchema) ?? [],
  };
}

function readProof(reader: EnvironmentReader): ProofConfig {
  const mode = reader.read('CONNECT_PROOF', connectProofSchema) ?? 'chat_code';
  const allowNone = reader.read('UNSAFE_CONNECT_WITHOUT_PROOF', switchSchema) ?? false;
  const deepLink = reader.read('PROOF_DEEP_LINK', deepLinkSchema);
  const appVerifierUrl = reader.read('APP_VERIFIER_URL', endpointUrlSchema);
  if (mode === 'none' && !allowNone) {
    reader.fault('CONNECT_PROOF', 'may be none only with UNSAFE_CONNECT_WITHOUT_PROOF=true');
  }
  if (mode === 'app_verifier' && !reader.has('APP_VERIFIER_URL')) {
    reader.fault('APP_VERIFIER_URL', 'is required with CONNECT_PROOF=app_verifier');
  }
  return {
    mode,
    allowNone,
    ...(deepLink === undefined ? {} : { deepLink }),
    ...(appVerifierUrl === undefined ? {} : { appVerifierUrl }),
  };
}

function warningsOf(proof: ProofConfig): string[] {
  if (!proof.allowNone) return [];
  return [
    'UNSAFE_CONNECT_WITHOUT_PROOF is true: whoever is sent a connect link can be tricked into giving access to ' +
      "somebody else's chat account.",
  ];
}

/** Only the embedded store makes its own keys: replicas on Redis must be given the same ones. */
function keepMissing(
  { store, dataDir }: { store: StoreConfig; dataDir: string },
  given: { encryptionKeys: Secret | undefined; apiKeys: readonly ConfiguredApiKey[] },
) {
  const embedded = store.kind === 'embedded';
  const keys = given.encryptionKeys === undefined && embedded ? keepEncryptionKeys(dataDir) : undefined;
  const local = given.apiKeys.length === 0 && embedded ? keepApiKey(dataDir) : undefined;
  checkKept(keys, encryptionKeysSchema, 'ENCRYPTION_KEYS');
  checkKept(local, z.string().min(32), 'API_KEYS');
  const localKey = local && { id: 'local', role: 'admin' as const, secret: local.value, tenant: 'default' };
  return {
    encryptionKeys: keys?.value ?? given.encryptionKeys ?? new Secret(''),
    apiKeys: localKey ? [localKey] : given.apiKeys,
    generated: {
      ...(keys ? { encryptionKeys: keys.path } : {}),
      ...(local ? { apiKey: local.path } : {}),
    },
  };
}

/** A damaged file is never replaced: what it was would be lost with it. */
function checkKept(kept: KeptSecret | undefined, schema: z.ZodType<unknown, string>, name: string): void {
  if (kept === undefined || schema.safeParse(kept.value.reveal()).success) return;
  throw new ConfigurationError([{ name, problem: `the file ${kept.path} does not hold what was written there` }]);
}
