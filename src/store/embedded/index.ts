/** The embedded engine: lmdb in one file, durable, for several processes on one machine; nothing to install. */

import { stat, statfs } from 'node:fs/promises';
import { ConfigurationError, StoreUnavailable } from '../../core/errors.js';
import type { StorageEngine } from '../engine.js';
import { dataFileOf } from './data-file.js';
import { openDatabase } from './database.js';
import { documents } from './documents.js';
import { dueIndex } from './due-index.js';
import { expiringValues } from './expiring-values.js';
import { logs } from './logs.js';
import { ownerFields } from './owner-fields.js';
import { walks } from './walks.js';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Below this the operator is warned: an lmdb file grows and never shrinks. */
const lowDiskBytes = 64 * 1024 * 1024;

/** Where the data are, and the clock to use. */
export interface EmbeddedOptions {
  /** Created with mode 0700 if it does not exist. Never on a network disk: lmdb relies on shared memory. */
  readonly dataDir: string;
  /** Name of the data file in it; `valetkey` by default. Stores with different prefixes are independent. */
  readonly keyPrefix?: string;
  /** Epoch ms; all processes on one directory must agree. The machine's clock by default. */
  readonly now?: () => number;
}

/**
 * Opens the embedded engine. A write resolves when it is on disk.
 *
 * @throws {ConfigurationError} the prefix cannot be a file name
 * @throws {StoreUnavailable} the directory cannot be created or written, or the file is not one of ours
 */
export async function openEmbeddedEngine(options: EmbeddedOptions): Promise<StorageEngine> {
  const { dataDir, keyPrefix = 'valetkey', now = Date.now } = options;
  if (!namePattern.test(keyPrefix)) {
    throw new ConfigurationError([{ name: 'KEY_PREFIX', problem: 'must be 1-64 characters of A-Z a-z 0-9 . _ -' }]);
  }
  const database = openDatabase(dataFileOf(dataDir, keyPrefix));
  return {
    kind: 'embedded',
    ...ownerFields(database, now),
    ...expiringValues(database, now),
    ...dueIndex(database),
    ...documents(database),
    ...logs(database, now),
    ...walks(database),
    now: async () => now(),
    async check() {
      const started = performance.now();
      await database.read(() => undefined);
      const latencyMs = performance.now() - started;
      return { latencyMs, warnings: await findWarnings(dataDir) };
    },
    otherProcesses: () => database.otherProcesses(),
    close: () => database.close(),
  };
}

async function findWarnings(dataDir: string): Promise<readonly string[]> {
  const warnings: string[] = [];
  const [disk, directory] = await Promise.all([statfs(dataDir), stat(dataDir)]).catch(() => {
    throw new StoreUnavailable('The data directory cannot be read.', 'no');
  });
  if (disk.bavail * disk.bsize < lowDiskBytes)
    warnings.push('Less than 64 MiB are free on the disk of the data directory.');
  if (process.platform !== 'win32' && (directory.mode & 0o077) !== 0) {
    warnings.push('The data directory is open to other users of this machine; its mode should be 0700.');
  }
  return warnings;
}
