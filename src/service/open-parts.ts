/** What both a service and a worker need: tracing, store and manager. */

import type { Store } from '../core/store.js';
import type { OAuthManager } from '../oauth-manager.js';
import { type ManagerOptions, openManager } from '../open-manager.js';
import { openStore } from '../open-store.js';
import type { Config } from './config.js';
import { type Logger, logFunctions } from './logger.js';
import { managerOptions } from './manager-options.js';
import { beginTracing } from './tracing/begin.js';
import type { Tracing } from './tracing/start.js';

/** The parts, open. The store closes with the manager. */
export interface OpenParts {
  readonly tracing: Tracing | undefined;
  readonly store: Store;
  readonly manager: OAuthManager;
}

/** Settings that are not in the configuration, or override it. */
type More = Pick<ManagerOptions, 'now' | 'meter' | 'backgroundWork' | 'refreshAhead'> & { readonly log: Logger };

/**
 * Opens one after the other; if one cannot be opened, those before it are closed again.
 *
 * @throws {ConfigurationError} providers or options that cannot work
 * @throws {KeyUnavailable} the store holds records under a key that is not in ENCRYPTION_KEYS
 */
export async function openParts(config: Config, { log: logger, ...more }: More): Promise<OpenParts> {
  const log = logFunctions(logger);
  const tracing = await beginTracing(config.tracing, log);
  const options = { ...managerOptions(config), ...more, log, tracer: tracing?.tracer };
  let store: Store | undefined;
  try {
    store = await openStore(options, log);
    return { tracing, store, manager: await openManager({ ...options, store }) };
  } catch (error) {
    await Promise.allSettled([store?.close(), tracing?.close()]);
    throw error;
  }
}
