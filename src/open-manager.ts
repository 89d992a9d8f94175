/** Puts a manager together: store, keys, providers and HTTP client. Only here do all modules meet. */

import { ConfigurationError } from './core/errors.js';
import { silentLog } from './core/log.js';
import type { Store } from './core/store.js';
import { createMcpRoom } from './flows/mcp-room.js';
import { StoreClock } from './flows/store-clock.js';
import { type ManagerOptions, parsePolicy, settingsOf } from './manager-options.js';
import { OAuthManager as JourneyManager } from './oauth-manager.js';
import { checkProviders, openProviders } from './open-providers.js';
import { openStore, type StoreToCome, storeToCome } from './open-store.js';
import { createGuardedHttp } from './protocol/guarded-http.js';
import { createHttp } from './protocol/http.js';
import { parseRedisUrl } from './store/redis/address.js';
import { Keyring } from './store/sealing.js';

/**
 * How long after the start the HTTP client is prepared, ms: undici takes 70 ms to load, and neither the start nor the first
 * caller whose token has expired should wait for it.
 */
const prepareAfterMs = 250;

export type { ManagerOptions } from './manager-options.js';

/**
 * Opens the store and puts everything together. If that fails, whatever was opened is closed again; a store that was passed
 * in stays open.
 *
 * @throws {ConfigurationError} options that cannot work; all faults at once
 * @throws {KeyUnavailable} the store holds records under a key that is not in the keyring
 */
export async function openManager(options: ManagerOptions): Promise<OAuthManager> {
  const rooms = joinRooms(options);
  let own: Store | undefined;
  try {
    await rooms.issuers.answered;
    if (options.store === undefined) own = await openStore(options, options.log);
    const manager = new OAuthManager({ ...options, store: options.store ?? own }, rooms);
    await manager.opened;
    return manager;
  } catch (error) {
    await Promise.allSettled([rooms.leave(), own?.close()]);
    throw withOtherFaults(error, options);
  }
}

/**
 * A manager, of which a host may create several. Created with `new`, it opens its store by itself: calls meanwhile wait for
 * that, and reject if it fails. {@link openManager} waits for the store, for the issuers of its providers, and for a key
 * service.
 */
export class OAuthManager extends JourneyManager {
  /** Resolves when the store is open and the start is done; rejects with the fault of the store or its keys. */
  readonly opened: Promise<void>;

  /**
   * @param rooms for {@link openManager}
   * @throws {ConfigurationError} options that cannot work, including `keyService` and `spoolDir`, as they take time to open
   */
  constructor(options: ManagerOptions, rooms: Rooms = joinRooms(options)) {
    const { store, open } = options.store ? already(options.store) : storeToCome(options, options.log);
    super({ ...rooms.deps, store }, async () => {
      clearTimeout(preparing);
      await rooms.leave();
      options.onClose?.();
    });
    const preparing = setTimeout(() => rooms.deps.http.prepare(), prepareAfterMs).unref();
    const following = options.now === undefined ? rooms.clock.follow(store, rooms.deps.log) : undefined;
    this.opened = this.#begin([open(), following], options.backgroundWork ?? true);
    // Not unhandled: every later call rejects with it.
    this.opened.catch(() => undefined);
  }

  async #begin(ready: readonly (Promise<unknown> | undefined)[], works: boolean): Promise<void> {
    await Promise.all(ready);
    await this.storeSpooled();
    if (works) this.startBackgroundWork();
  }
}

const already = (store: Store): StoreToCome => ({ store, open: async () => store });

type Rooms = ReturnType<typeof createRooms>;

/** @throws {ConfigurationError} all faults at once */
function joinRooms(options: ManagerOptions): Rooms {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError([{ name: 'options', problem: 'must be an object' }]);
  }
  try {
    return createRooms(options);
  } catch (error) {
    throw withOtherFaults(error, options);
  }
}

/** Opening ends at the first fault; whoever has to mend the options wants to see them all. */
function withOtherFaults(error: unknown, options: ManagerOptions): unknown {
  if (!(error instanceof ConfigurationError)) return error;
  const { providers, encryptionKeys, redisUrl, store, keyService, allowInsecureLoopbackProviders = false } = options;
  const checks = [
    () => settingsOf(options),
    () => parsePolicy(options.mcp),
    () => checkProviders(providers, allowInsecureLoopbackProviders),
    () => store ?? keyService ?? (encryptionKeys && Keyring.parse(encryptionKeys)),
    () => store ?? (redisUrl && parseRedisUrl(redisUrl)),
  ];
  const faults = [...error.faults, ...checks.flatMap(faultsOf)];
  return new ConfigurationError([
    ...new Map(faults.map((fault) => [`${fault.name}: ${fault.problem}`, fault])).values(),
  ]);
}

/** What a check finds. One that cannot be done, as an option is of another type, adds nothing: that is a fault of its own. */
function faultsOf(check: () => unknown): ConfigurationError['faults'] {
  try {
    check();
    return [];
  } catch (error) {
    return error instanceof ConfigurationError ? error.faults : [];
  }
}

/** Everything that a manager needs except its store, created without waiting for anything. */
function createRooms(options: ManagerOptions) {
  const { log = silentLog, sources, onRotate, meter, tracer } = options;
  const clock = new StoreClock(Date.now);
  const now = options.now ?? clock.now;
  const settings = settingsOf(options);
  const policy = parsePolicy(options.mcp);
  const allowInsecureLoopback = options.allowInsecureLoopbackProviders ?? false;
  const http = createHttp({
    allowInsecureLoopback,
    now,
    deadlineMs: settings.requestDeadlineMs,
    warn: (fields, message) => log.warn(fields, message),
  });
  const issuers = openProviders(options.providers, {
    http,
    allowInsecureLoopback,
    log,
    firstRetryMs: (options.issuerRetrySeconds ?? 5) * 1_000,
  });
  const guarded = createGuardedHttp({ allowInsecureLoopback, now });
  const mcp = createMcpRoom({ guarded, policy, allowInsecureLoopback });
  const elapsed = options.now ?? (() => performance.now());
  const providers = issuers.registry;
  return {
    clock,
    issuers,
    deps: { providers, http, now, elapsed, log, settings, mcp, sources, onRotate, meter, tracer },
    async leave() {
      clock.stop();
      issuers.stop();
      await Promise.all([http.close(), guarded.close()]);
    },
  };
}
