/**
 * A sandbox of independent authorization servers on loopback, so that a first start needs no account anywhere.
 *
 * They are development dependencies of this package and are loaded only when they are started.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProviderEntry } from '../../providers/index.js';
import { type EmulatedProvider, startEmulatedProviders } from './emulated-providers.js';
import { SandboxNotInstalled } from './not-installed.js';
import { quietly } from './quietly.js';
import { startStrictProvider } from './strict-provider.js';

/** A running sandbox. */
export interface Sandbox {
  /** For `createRegistry`: the catalogue's templates with endpoints in this process. */
  readonly entries: Readonly<Record<string, ProviderEntry>>;
  close(): Promise<void>;
}

/**
 * A file in the data directory while a sandbox runs: its providers in the form of PROVIDERS_FILE, so that other commands and
 * the demo find them.
 */
export const sandboxFile = 'sandbox.json';

/**
 * Starts all servers on free ports of 127.0.0.1.
 *
 * @param baseUrl the service's public origin; redirect URIs are registered for it
 * @param dataDir where the strict server keeps its grants over a restart; the emulated ones forget theirs
 * @throws SandboxNotInstalled
 */
export async function startSandbox(baseUrl: string, dataDir: string): Promise<Sandbox> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const redirectUri = (provider: string) => `${baseUrl}/oauth/${provider}/callback`;
  const { emulate, oidcProvider } = await loadServers();
  const emulated = await startEmulatedProviders(emulate, redirectUri);
  const strict = await startStrictProvider(oidcProvider, {
    redirectUri: redirectUri('sandbox'),
    stateFile: join(dataDir, 'sandbox-grants.json'),
  });
  return gather([...emulated, strict], join(dataDir, sandboxFile));
}

/** Both packages, as they export themselves; `oidc-provider` has no types. */
interface Servers {
  readonly emulate: typeof import('emulate');
  readonly oidcProvider: unknown;
}

async function loadServers(): Promise<Servers> {
  // A name in a variable keeps the compiler from looking for types that do not exist.
  const untyped = 'oidc-provider';
  try {
    return { emulate: await import('emulate'), oidcProvider: await quietly(() => import(untyped)) };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new SandboxNotInstalled(/package '([a-z-]+)'/.exec(error.message)?.[1] ?? 'one of them');
  }
}

function gather(providers: readonly EmulatedProvider[], file: string): Sandbox {
  const entries = Object.fromEntries(providers.map((provider) => [provider.id, provider.entry]));
  // Written as a whole, as the demo may read it while this process starts.
  writeFileSync(`${file}.new`, JSON.stringify({ providers: entries }, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return {
    entries,
    close: async () => {
      rmSync(file, { force: true });
      await Promise.all(providers.map((provider) => provider.close()));
    },
  };
}
