/** What commands other than `serve` work with: the same configuration and the same store, without a server. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ProviderEntry, providerEntrySchema } from '../../providers/index.js';
import type { Store } from '../core/store.js';
import type { OAuthManager } from '../oauth-manager.js';
import { openManager } from '../open-manager.js';
import { openEngine, openKeyring, openStore } from '../open-store.js';
import { type Config, configuredProviders, currentEnvironment, loadConfig } from '../service/config.js';
import { createLogger } from '../service/logger.js';
import { managerOptions } from '../service/manager-options.js';
import type { StorageEngine } from '../store/engine.js';
import type { Keyring } from '../store/sealing.js';

type Use = 'write' | 'read';

const wantedFor = (use: Use): 'new or old' | 'old' => (use === 'read' ? 'old' : 'new or old');

/**
 * Calls `work` with the store, and closes it in any case.
 *
 * @param use as {@link openStore}
 * @param wanted as {@link loadConfig}; by default a store that is only read has to exist
 */
export async function withStore<T>(
  work: (store: Store, config: Config) => Promise<T>,
  use: Use = 'write',
  wanted = wantedFor(use),
): Promise<T> {
  const config = loadConfig(currentEnvironment(), wanted);
  tellOfNewStore(config);
  const store = await openStore(managerOptions(config), createLogger('silent'), use);
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
}

/** The engine beneath the seals, and the keyring, which is not checked against the store. */
export interface Beneath {
  readonly engine: StorageEngine;
  readonly keyring: Keyring;
  readonly config: Config;
}

/** Calls `work` with the engine of an existing store, and closes it in any case. */
export async function withEngine<T>(work: (beneath: Beneath) => Promise<T>): Promise<T> {
  const config = loadConfig(currentEnvironment(), 'old');
  const options = managerOptions(config);
  const keyring = await openKeyring(options);
  const engine = await openEngine(options, createLogger('silent'));
  try {
    return await work({ engine, keyring, config });
  } finally {
    await engine.close();
  }
}

/**
 * Calls `work` with a manager that does nothing in the background, and closes it in any case.
 *
 * @param use as {@link openStore}; `read` does not store what is in the spool, either
 */
export async function withManager<T>(
  work: (manager: OAuthManager, config: Config) => Promise<T>,
  use: Use = 'write',
): Promise<T> {
  const config = withRunningSandbox(loadConfig(currentEnvironment(), wantedFor(use)));
  tellOfNewStore(config);
  const { concurrency, perSecond } = config.refreshAhead;
  const { spoolDir, ...options } = { ...managerOptions(config), refreshAhead: { concurrency, perSecond } };
  const spool = spoolDir === undefined || use === 'read' ? {} : { spoolDir };
  const store = await openStore({ ...options, ...spool }, createLogger('silent'), use);
  const manager = await openManager({ ...options, store, backgroundWork: false }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  try {
    return await work(manager, config);
  } finally {
    await manager.close();
  }
}

/** A shell without the variables of the service reaches another store than the service, and all seems well there. */
function tellOfNewStore({ newDataFile }: Config): void {
  if (newDataFile === undefined) return;
  console.error(
    `A new store is made: ${newDataFile}. If the service has another one, set REDIS_URL or DATA_DIR as it has.`,
  );
}

const sandboxSchema = z.object({ providers: z.record(z.string(), providerEntrySchema) });

/** If no provider is configured, those of the sandbox that a service on this data directory is running. */
export function withRunningSandbox(config: Config): Config {
  const providers: Readonly<Record<string, ProviderEntry>> | undefined = readSandbox(config.dataDir);
  if (configuredProviders(config).length > 0 || config.hasProvidersFile || providers === undefined) return config;
  return { ...config, providers, allowInsecureLoopbackProviders: true };
}

function readSandbox(dataDir: string) {
  try {
    return sandboxSchema.parse(JSON.parse(readFileSync(join(dataDir, 'sandbox.json'), 'utf8'))).providers;
  } catch {
    return undefined;
  }
}
