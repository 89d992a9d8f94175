/** Opens the store that the options name: its engine, the keys that seal its records, and the spool beside it. */

import { ConfigurationError } from './core/errors.js';
import { type Log, silentLog } from './core/log.js';
import type { Meter } from './core/meter.js';
import type { Store } from './core/store.js';
import type { Tracer } from './core/tracer.js';
import { type KeyService, unwrapKeys, usualPatience } from './keys/key-service.js';
import type { StorageEngine } from './store/engine.js';
import { engineToCome } from './store/engine-to-come.js';
import { meterEngine } from './store/metered-engine.js';
import { createStore, openSealedStore, refuseForeignKeys } from './store/sealed-store.js';
import { Keyring } from './store/sealing.js';
import { openSpool } from './store/spool.js';
import { traceEngine } from './store/traced-engine.js';

/** The options of a store. */
export interface StoreOptions {
  /** `kid:base64(32 bytes)[,…]`: the first encrypts, all decrypt. */
  readonly encryptionKeys: string;
  /** If it is given, `encryptionKeys` holds `kid:wrapped`, which the service unwraps at the start. */
  readonly keyService?: KeyService | undefined;
  /** `redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`; absent = embedded store in `dataDir`. */
  readonly redisUrl?: string | undefined;
  /** First part of every key in the store, `valetkey` by default. */
  readonly keyPrefix?: string | undefined;
  /** For the embedded store: a directory on a local disk; `./data` by default. */
  readonly dataDir?: string | undefined;
  /** How long the audit trail is kept, days; 90 by default. */
  readonly auditRetentionDays?: number | undefined;
  /** Replicas of Redis that every commit waits for, and how long; none by default. */
  readonly redisWait?: { readonly replicas: number; readonly timeoutMs: number; readonly onDisk: boolean } | undefined;
  /** Where refreshed tokens are kept, sealed, while the store is down; only in memory by default. */
  readonly spoolDir?: string | undefined;
  /** Receives counts and times. */
  readonly meter?: Meter | undefined;
  /** Receives spans: `openTelemetryTracer`. */
  readonly tracer?: Tracer | undefined;
  /** Epoch ms; for tests. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens the store that the options name. A Redis that is down is no error: calls fail until it is back.
 *
 * @param use `read` does not register the active key, so that it may be tried before services get it
 * @throws {ConfigurationError | KeyUnavailable} as {@link unwrapKeys}
 */
export async function openStore(
  options: StoreOptions,
  log: Log = silentLog,
  use: 'write' | 'read' = 'write',
): Promise<Store> {
  const keyring = await openKeyring(options, log);
  const spool = options.spoolDir === undefined ? undefined : await openSpool(options.spoolDir, keyring, log);
  const engine = await openWatchedEngine(options, log);
  let isOpen = false;
  // Normal at a first start. Later it means a Redis that keeps nothing on disk, or a FLUSHALL.
  const onEmpty = () => log[isOpen ? 'warn' : 'info']({}, 'the store is new or was emptied: nobody is connected in it');
  const store = await openSealedStore(engine, keyring, {
    ...recordOptions(options),
    spool,
    isToRead: use === 'read',
    onEmpty,
  });
  isOpen = true;
  return store;
}

/** A store that is opened on its first use; `open` opens it at once, and rejects if that fails. */
export interface StoreToCome {
  readonly store: Store;
  open(): Promise<unknown>;
}

/**
 * The same without waiting: calls wait until the store is open, and fail if opening fails.
 *
 * @throws {ConfigurationError} invalid keys, or options that take time to open
 */
export function storeToCome(options: StoreOptions, log: Log = silentLog): StoreToCome {
  const { keyService, spoolDir } = options;
  const slow = Object.entries({ keyService, spoolDir }).filter(([, value]) => value !== undefined);
  const problem = 'has to be waited for: use initOAuthManager or openManager';
  if (slow.length > 0) throw new ConfigurationError(slow.map(([name]) => ({ name, problem })));
  const keyring = Keyring.parse(options.encryptionKeys, options.meter);
  let opening: Promise<StorageEngine> | undefined;
  const open = () => (opening ??= openOwnEngine(options, keyring, log));
  return { store: createStore(engineToCome(open), keyring, recordOptions(options)), open };
}

async function openOwnEngine(options: StoreOptions, keyring: Keyring, log: Log): Promise<StorageEngine> {
  const engine = await openWatchedEngine(options, log);
  await refuseForeignKeys(engine, keyring);
  return engine;
}

async function openWatchedEngine(options: StoreOptions, log: Log): Promise<StorageEngine> {
  const opened = await openEngine(options, log);
  const metered = options.meter ? meterEngine(opened, options.meter) : opened;
  return options.tracer ? traceEngine(metered, options.tracer) : metered;
}

function recordOptions({ auditRetentionDays = 90, now }: StoreOptions) {
  return { now, auditKeepMs: auditRetentionDays * 86_400_000 };
}

/** The keys that the options name, unwrapped. @throws {ConfigurationError | KeyUnavailable} as {@link unwrapKeys} */
export async function openKeyring(options: StoreOptions, log: Log = silentLog): Promise<Keyring> {
  const { encryptionKeys, keyService, meter } = options;
  const patience = { ...usualPatience, onOutage: (message: string) => log.warn({}, `${message}; asking again`) };
  return Keyring.parse(keyService ? await unwrapKeys(encryptionKeys, keyService, patience) : encryptionKeys, meter);
}

/**
 * The engine of the store that the options name, for maintenance beneath the seals. Only that engine is loaded: the other
 * one takes a tenth of the start, and 10 MB.
 *
 * @throws {ConfigurationError}
 */
export async function openEngine(options: StoreOptions, log: Log = silentLog): Promise<StorageEngine> {
  const { redisUrl, redisWait: wait, keyPrefix = 'valetkey', dataDir = './data', now } = options;
  if (!redisUrl) {
    const { openEmbeddedEngine } = await import('./store/embedded/index.js');
    return openEmbeddedEngine({ dataDir, keyPrefix, now });
  }
  const { openRedisEngine } = await import('./store/redis/index.js');
  return openRedisEngine({ url: redisUrl, keyPrefix, log, ...(wait && { wait }) });
}
