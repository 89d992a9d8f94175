/** The encryption keys, and which service wraps them, if any does. */

import { z } from 'zod';
import { endpointUrlSchema } from '../core/public-address.js';
import { Secret } from '../core/secret.js';
import { awsKms } from '../keys/aws-kms.js';
import type { KeyService } from '../keys/key-service.js';
import { vaultTransit } from '../keys/vault-transit.js';
import { encryptionKeysSchema, nameSchema, wrappedKeysSchema } from './config-schema.js';
import { type Environment, EnvironmentReader } from './environment.js';

const keyServiceSchema = z.enum(['vault', 'aws-kms'], 'must be vault or aws-kms');
const secretSchema = nameSchema.transform((value) => new Secret(value));
/** A name that becomes one part of a path. */
const pathPartSchema = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1-128 characters of A-Z a-z 0-9 . _ -');
const mountSchema = z.string().regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'must be a path without slash at its ends');
const regionSchema = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-central-1');

/** Only the embedded store creates its own keys: replicas on Redis, and those with a key service, must be given theirs. */
export function readEncryptionKeys(reader: EnvironmentReader, isShared: boolean) {
  const keyService = readKeyService(reader);
  const isWrapped = reader.has('KEY_SERVICE');
  const encryptionKeys = reader.readSecret('ENCRYPTION_KEYS', isWrapped ? wrappedKeysSchema : encryptionKeysSchema);
  const wantedBy = [...(isShared ? ['REDIS_URL'] : []), ...(isWrapped ? ['KEY_SERVICE'] : [])];
  if (wantedBy.length > 0 && !reader.has('ENCRYPTION_KEYS')) {
    const how = 'make one with "valetkey keys generate"';
    reader.fault('ENCRYPTION_KEYS', `is required with ${wantedBy.join(' and ')}; ${how}`);
  }
  return { encryptionKeys, keyService };
}

/** Reads `KEY_SERVICE` and its settings; those of Vault and AWS are named as their own tools name them. */
function readKeyService(reader: EnvironmentReader): KeyService | undefined {
  const kind = reader.read('KEY_SERVICE', keyServiceSchema);
  if (kind === 'vault') return readVault(reader);
  return kind === 'aws-kms' ? readAws(reader) : undefined;
}

/** Only the key service, for `keys generate`. @throws {ConfigurationError} naming the variable */
export function loadKeyService(environment: Environment): KeyService | undefined {
  const reader = new EnvironmentReader(environment);
  const service = readKeyService(reader);
  reader.finish();
  return service;
}

function readVault(reader: EnvironmentReader): KeyService | undefined {
  const address = reader.read('VAULT_ADDR', endpointUrlSchema);
  const token = reader.readSecret('VAULT_TOKEN', secretSchema);
  const key = reader.read('VAULT_TRANSIT_KEY', pathPartSchema);
  const mount = reader.read('VAULT_TRANSIT_MOUNT', mountSchema);
  const namespace = reader.read('VAULT_NAMESPACE', nameSchema);
  requireAll(reader, ['VAULT_ADDR', 'VAULT_TOKEN', 'VAULT_TRANSIT_KEY']);
  if (address === undefined || token === undefined || key === undefined) return undefined;
  return vaultTransit({ address, token, key, ...(mount && { mount }), ...(namespace && { namespace }) });
}

function readAws(reader: EnvironmentReader): KeyService | undefined {
  const region = reader.read('AWS_REGION', regionSchema);
  const keyId = reader.read('AWS_KMS_KEY_ID', nameSchema);
  const endpoint = reader.read('AWS_ENDPOINT_URL_KMS', endpointUrlSchema);
  const accessKeyId = reader.read('AWS_ACCESS_KEY_ID', nameSchema);
  const secretAccessKey = reader.readSecret('AWS_SECRET_ACCESS_KEY', secretSchema);
  const sessionToken = reader.readSecret('AWS_SESSION_TOKEN', secretSchema);
  requireAll(reader, ['AWS_REGION', 'AWS_KMS_KEY_ID', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
  if (region === undefined || keyId === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const more = { ...(sessionToken && { sessionToken }), ...(endpoint && { endpoint }) };
  return awsKms({ region, keyId, accessKeyId, secretAccessKey, ...more });
}

function requireAll(reader: EnvironmentReader, names: readonly string[]): void {
  for (const name of names) if (!reader.has(name)) reader.fault(name, 'is required with this KEY_SERVICE');
}
