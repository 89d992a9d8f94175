/** Puts a manager together: store, keys, providers and the way out. The one place where the rooms meet. */

import { createRegistry, type ProviderEntry } from '../providers/index.js';
import type { ProofMode } from './core/connection.js';
import { ConfigurationError } from './core/errors.js';
import type { Store } from './core/store.js';
import type { Log, Settings } from './flows/dependencies.js';
import { OAuthManager } from './oauth-manager.js';
import { createHttp } from './protocol/http.js';
import { openEmbeddedEngine } from './store/embedded/index.js';
import { openRedisEngine } from './store/redis/index.js';
import { createStore } from './store/sealed-store.js';
import { Keyring } from './store/sealing.js';

/** What a manager is made of. Durations in seconds, as in the environment. */
export interface ManagerOptions {
  /** Public origin (and path prefix) of the browser half; https unless loopback. */
  readonly baseUrl: string;
  /** By id; the fields of `PROVIDERS_FILE`, named as in RFC 8414 and RFC 7591. */
  readonly providers: Readonly<Record<string, ProviderEntry>>;
  /** `kid:base64(32 bytes)[,…]`: the first encrypts, all decrypt. */
  readonly encryptionKeys: string;
  /** `redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`; absent = embedded store in `dataDir`. */
  readonly redisUrl?: string;
  readonly keyPrefix?: string;
  readonly dataDir?: string;
  /** An open store instead of one of those; it is closed with the manager. */
  readonly store?: Store;
  readonly refreshBufferSeconds?: number;
  readonly linkCodeTtlSeconds?: number;
  readonly connectProof?: ProofMode;
  /** Lets `connectProof` and single links be `none`. Whoever gets a link then connects for its user. */
  readonly unsafeConnectWithoutProof?: boolean;
  readonly proofDeepLink?: string;
  readonly appVerifierUrl?: string;
  readonly returnToOrigins?: readonly string[];
  readonly accountPolicy?: 'warn' | 'deny';
  readonly allowInsecureLoopbackProviders?: boolean;
  /** Refreshes ahead of callers and ends unproven grants; on by default. */
  readonly backgroundWork?: boolean;
  readonly log?: Log;
  /** Epoch ms; for tests. */
  readonly now?: () => number;
  /** Called once the manager is closed. */
  readonly onClose?: () => void;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Opens the store and joins everything. Also the way to several managers in one process.
 *
 * @throws {ConfigurationError} options that cannot work; all faults at once
 * @throws {KeyUnavailable} the store holds records under a key that is not in the keyring
 */
export async function openManager(options: ManagerOptions): Promise<OAuthManager> {
  const { log = silent, now = Date.now } = options;
  const settings = settingsOf(options);
  const allowInsecureLoopback = options.allowInsecureLoopbackProviders ?? false;
  const providers = createRegistry(options.providers, { allowInsecureLoopback });
  const http = createHttp({ allowInsecureLoopback, now, deadlineMs: settings.requestDeadlineMs });
  const store = options.store ?? (await openStore(options, log));
  const manager = new OAuthManager({ store, providers, http, now, log, settings }, async () => {
    await http.close();
    options.onClose?.();
  });
  if (options.backgroundWork ?? true) manager.startBackgroundWork();
  return manager;
}

/** What a store is opened with. */
export type StoreOptions = Pick<ManagerOptions, 'encryptionKeys' | 'redisUrl' | 'keyPrefix' | 'dataDir' | 'now'>;

/**
 * Opens the store that the options name. A Redis that is down is no error: calls fail until it is back.
 *
 * @throws {ConfigurationError | KeyUnavailable} as {@link openManager}
 */
export async function openStore(options: StoreOptions, log: Log = silent): Promise<Store> {
  const { redisUrl, keyPrefix = 'valetkey', dataDir = './data', now } = options;
  const keyring = Keyring.parse(options.encryptionKeys);
  const engine = redisUrl
    ? await openRedisEngine({ url: redisUrl, keyPrefix, log })
    : await openEmbeddedEngine({ dataDir, keyPrefix, now });
  return createStore(engine, keyring);
}

function settingsOf(options: ManagerOptions): Settings {
  const proof = options.connectProof ?? 'chat_code';
  const allowNoProof = options.unsafeConnectWithoutProof ?? false;
  const faults = [
    ...baseUrlFaults(options.baseUrl),
    ...(proof === 'none' && !allowNoProof ? [fault('connectProof', '"none" needs unsafeConnectWithoutProof')] : []),
    ...(proof === 'app_verifier' && !options.appVerifierUrl
      ? [fault('appVerifierUrl', 'is needed for app_verifier')]
      : []),
    ...secondsFaults('refreshBufferSeconds', options.refreshBufferSeconds),
    ...secondsFaults('linkCodeTtlSeconds', options.linkCodeTtlSeconds),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults);
  return {
    baseUrl: options.baseUrl.replace(/\/+$/, ''),
    refreshBufferMs: (options.refreshBufferSeconds ?? 300) * 1_000,
    linkTtlMs: (options.linkCodeTtlSeconds ?? 600) * 1_000,
    proof,
    allowNoProof,
    proofTtlMs: 600_000,
    proofAttempts: 5,
    proofDeepLink: options.proofDeepLink,
    appVerifierUrl: options.appVerifierUrl,
    returnToOrigins: options.returnToOrigins ?? [],
    accountPolicy: options.accountPolicy ?? 'warn',
    requestDeadlineMs: 10_000,
  };
}

function fault(name: string, problem: string) {
  return { name, problem };
}

function secondsFaults(name: string, seconds: number | undefined) {
  const ok = seconds === undefined || (Number.isFinite(seconds) && seconds >= (name === 'linkCodeTtlSeconds' ? 1 : 0));
  return ok ? [] : [fault(name, 'must be a number of seconds, not negative')];
}

function baseUrlFaults(baseUrl: string) {
  const url = parseUrl(baseUrl);
  if (url === null) return [fault('baseUrl', 'must be an absolute URL')];
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const plain = url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!plain) return [fault('baseUrl', 'must have no query, fragment or credentials')];
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopback) ? [] : [fault('baseUrl', 'must be https')];
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
