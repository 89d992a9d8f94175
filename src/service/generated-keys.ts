/** Keys that a local start creates for itself: written once into the data directory, readable only by its owner. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import { dataFileOf } from '../store/embedded/data-file.js';
import { makePrivateDirectory } from '../store/private-directory.js';
import { type ConfiguredApiKey, encryptionKeysSchema } from './config-schema.js';

/** A secret and the file that it is in. */
interface KeptSecret {
  readonly path: string;
  readonly value: Secret;
}

/** How to treat the embedded store: `old` must exist already, `none` is neither read nor created. */
export type WantedStore = 'new or old' | 'old' | 'none';

/** Where connections are stored, as far as it matters here. */
interface Place {
  readonly store: { readonly kind: 'redis' | 'embedded' };
  readonly dataDir: string;
  readonly keyPrefix: string;
}

/**
 * The given secrets, and with the embedded store those that are missing: the keyring in `DATA_DIR/encryption-keys`, and the
 * local administrator's API key in `DATA_DIR/api-key`, both created at the first call. Replicas on Redis must be given the
 * same.
 *
 * @throws {ConfigurationError} the directory cannot be used, a file in it is damaged, or there is a store without its keys
 */
export function keepMissing(
  { store, dataDir, keyPrefix }: Place,
  given: { encryptionKeys: Secret | undefined; apiKeys: readonly ConfiguredApiKey[] },
  wanted: WantedStore,
) {
  const embedded = store.kind === 'embedded' && wanted !== 'none';
  const dataFile = dataFileOf(resolve(dataDir), keyPrefix);
  if (embedded && wanted === 'old' && !isWritten(dataFile)) {
    throw fault('DATA_DIR', `holds no store: ${dataFile} is ${existsSync(dataFile) ? 'empty' : 'not there'}`);
  }
  const isNew = embedded && !(existsSync(dataFile) && isWritten(dataFile));
  const isStrayed = isNew && existsSync(keysFileOf(dataDir));
  const keys = given.encryptionKeys === undefined && embedded ? keepEncryptionKeys(dataDir, dataFile) : undefined;
  const local = given.apiKeys.length === 0 && embedded ? keepApiKey(dataDir, wanted) : undefined;
  checkKept(keys, encryptionKeysSchema, { name: 'ENCRYPTION_KEYS', remedy: 'put it back from a backup' });
  checkKept(local, z.string().min(32), { name: 'API_KEYS', remedy: 'put it back, or remove it for a new one' });
  const localKey = local && { id: 'local', role: 'admin' as const, secret: local.value, tenant: 'default' };
  return {
    encryptionKeys: keys?.value ?? given.encryptionKeys ?? new Secret(''),
    apiKeys: localKey ? [localKey] : given.apiKeys,
    generated: {
      ...(keys ? { encryptionKeys: keys.path } : {}),
      ...(local ? { apiKey: local.path } : {}),
    },
    ...(isNew && { newDataFile: dataFile }),
    warnings: isStrayed ? [`DATA_DIR has keys, but ${dataFile} is empty or not there: ${emptyStore}`] : [],
  };
}

const emptyStore = 'a new store is made, in which nobody is connected. If there was one, stop and put it back.';

const keysFileOf = (dataDir: string) => join(dataDir, 'encryption-keys');

/** A new key would open nothing in an existing store, and would look like the lost one. */
function keepEncryptionKeys(dataDir: string, dataFile: string): KeptSecret {
  const path = keysFileOf(dataDir);
  if (existsSync(dataFile) && !existsSync(path)) {
    throw fault(
      'ENCRYPTION_KEYS',
      `is not set and ${path} is not there: give the keys that ${dataFile} was written with`,
    );
  }
  return keep(path, createEncryptionKey);
}

/** Creates the directory of a store that does not exist yet. @throws {ConfigurationError} it cannot be created */
export function makeDataDir(dataDir: string): void {
  try {
    makePrivateDirectory(resolve(dataDir));
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

/** A file that cannot be read does not count as absent. @throws {ConfigurationError} */
function isWritten(path: string): boolean {
  try {
    return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Who only looks needs none. */
function keepApiKey(dataDir: string, wanted: WantedStore): KeptSecret | undefined {
  const path = join(dataDir, 'api-key');
  return wanted === 'old' && !existsSync(path) ? undefined : keep(path, createApiSecret);
}

/** A damaged file is never replaced, as that would lose what it was. */
function checkKept(
  kept: KeptSecret | undefined,
  schema: z.ZodType<unknown, string>,
  { name, remedy }: { readonly name: string; readonly remedy: string },
): void {
  if (kept === undefined || schema.safeParse(kept.value.reveal()).success) return;
  throw fault(name, `the file ${kept.path} does not hold what was written there; ${remedy}`);
}

function fault(name: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ name, problem }]);
}

/** A new `kid:base64` key. */
export function createEncryptionKey(): string {
  return `${createKeyId()}:${randomBytes(32).toString('base64')}`;
}

/** A new key id, random so that two keys are never confused. */
export function createKeyId(): string {
  return `k${randomBytes(4).toString('hex')}`;
}

/** 256 random bits as 43 characters of base64url. */
export function createApiSecret(): string {
  return randomBytes(32).toString('base64url');
}

function keep(path: string, create: () => string): KeptSecret {
  try {
    return { path, value: new Secret(readIfThere(path) ?? createOnce(path, create())) };
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  return fault('DATA_DIR', `${resolve(path)} cannot be read or made (${String(error.code)})`);
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
 * Linking a finished file to its name either succeeds as a whole or finds the name taken (POSIX link(2)): of two processes
 * that start together, both use the file of the first, and nobody ever reads half a key.
 */
function createOnce(path: string, value: string): string {
  makePrivateDirectory(dirname(path));
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
