/** A new store for tests of commands: an operator's data directory, its keys, and the users' connections in it. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import type { Connection } from '../../src/core/connection.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { openStore } from '../../src/open-store.js';
import { makeDataDir } from '../service/running.js';
import { keyEntry } from '../store/samples.js';

/** The store that commands use now; each test gets a new one. */
export let operator: { readonly dataDir: string; readonly encryptionKeys: string };
/** What to end after the test, the last first. */
export const cleaning: (() => unknown)[] = [];

beforeEach(() => useNewStore());
afterEach(async () => {
  process.exitCode = undefined;
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

/** Makes a new, empty store for the commands from here on. */
export function useNewStore(): void {
  const made = makeDataDir();
  cleaning.push(() => made.remove());
  operator = { dataDir: made.path, encryptionKeys: keyEntry('k1') };
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
  vi.stubEnv('DATA_DIR', operator.dataDir);
  vi.stubEnv('ENCRYPTION_KEYS', operator.encryptionKeys);
}

/** A user's connections in the store. */
export async function connectionsOf(user: string, tenant?: string): Promise<readonly Connection[]> {
  const store = await openStore(operator);
  const { connections } = await store.connections.list(parseOwner(user, tenant));
  await store.close();
  return connections.map(({ connection }) => connection);
}

/** Writes a file into the data directory and answers its path. */
export function write(name: string, content: unknown): string {
  const path = join(operator.dataDir, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What a command with `--json` has printed. */
export const report = (ended: { readonly out: string }) => JSON.parse(ended.out);
