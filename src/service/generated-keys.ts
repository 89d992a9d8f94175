/** Keys that a laptop start makes for itself: written once into the data directory, for the owner's eyes only. */

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../core/secret.js';

/** A secret that stands in a file. */
export interface KeptSecret {
  readonly path: string;
  readonly value: Secret;
}

/** The keyring text in `DATA_DIR/encryption-keys`, made at the first call. Throws when the directory cannot be written. */
export function keepEncryptionKeys(dataDir: string): KeptSecret {
  return keep(join(dataDir, 'encryption-keys'), () => createEncryptionKey());
}

/** The secret of the local administrator's API key in `DATA_DIR/api-key`, made at the first call. */
export function keepApiKey(dataDir: string): KeptSecret {
  return keep(join(dataDir, 'api-key'), () => createApiSecret());
}

/** A new `kid:base64` key. */
export function createEncryptionKey(): string {
  return `${createKeyId()}:${randomBytes(32).toString('base64')}`;
}

/** A new key id, so that two keys can never be taken for each other. */
export function createKeyId(): string {
  return `k${randomBytes(4).toString('hex')}`;
}

/** 256 random bits as 43 characters of base64url. */
export function createApiSecret(): string {
  return randomBytes(32).toString('base64url');
}

function keep(path: string, create: () => string): KeptSecret {
  const found = readIfThere(path) ?? createOnce(path, create());
  return { path, value: new Secret(found) };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Linking a finished file to its name either succeeds as a whole or finds the name taken (POSIX link(2)): of two
 * processes that start at once both go on with the file of the first, and nobody ever reads half a key.
 */
function createOnce(path: string, value: string): string {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeDurably(draft, `${value}\n`);
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8').trim();
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
