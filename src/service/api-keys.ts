/** API keys that are created while the service runs: shown once, kept as a digest, revoked at once. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { type ProviderId, providerIdSchema, type TenantId, tenantIdSchema } from '../core/identifiers.js';
import { Secret } from '../core/secret.js';
import type { DocumentStore } from '../core/store.js';
import { type CallerRole, callerRoleSchema } from './config-schema.js';

const keyCollection = 'api_keys';
/** Kept apart from the keys, so that noting a use can never bring a revoked key back. */
const useCollection = 'api_key_uses';
/** A use is noted at most this often per key. */
const useResolutionMs = 60_000;

const epochMs = z.int().nonnegative();

const storedKeySchema = z.object({
  id: z.string(),
  owner: z.string(),
  role: callerRoleSchema,
  tenant: tenantIdSchema,
  providers: z.array(providerIdSchema).optional(),
  /** SHA-256 of the whole key, base64url. */
  digest: z.string(),
  createdAt: epochMs,
  expiresAt: epochMs.optional(),
  revokedAt: epochMs.optional(),
});
type StoredKey = Readonly<z.infer<typeof storedKeySchema>>;

const useSchema = z.object({ at: epochMs });

/** An API key as it is listed, without the key or its digest. Times in epoch ms. */
export type ApiKeyView = Omit<StoredKey, 'digest'> & { readonly lastUsedAt?: number };

/** What a new key may do. */
export interface ApiKeyRequest {
  /** Who is responsible for the key: a person or a team. */
  readonly owner: string;
  readonly role: CallerRole;
  readonly tenant: TenantId;
  /** Absent = every provider. */
  readonly providers?: readonly ProviderId[];
  /** Epoch ms; absent = until revoked. */
  readonly expiresAt?: number;
}

/**
 * `vk_<id>_<secret>`: 64 random bits to find the key by, 256 to prove it, and a CRC-32 of all before it, by which secret
 * scanners can tell a real key from a lookalike. Hexadecimal, so that a double click selects all of it.
 */
const keyForm = /^(vk_([0-9a-f]{16})_[0-9a-f]{64})([0-9a-f]{8})$/;

const checksumOf = (text: string) => crc32(text).toString(16).padStart(8, '0');

const digestOf = (key: string) => createHash('sha256').update(key).digest();

/** The digest to compare with when there is no such key, so that both cases take the same time. */
const nobody = randomBytes(32);

/**
 * Creates a key. It can be seen only in this answer.
 *
 * @param now epoch ms
 * @throws {StoreUnavailable}
 */
export async function createApiKey(
  documents: DocumentStore,
  request: ApiKeyRequest,
  now: number,
): Promise<{ key: Secret; view: ApiKeyView }> {
  const id = randomBytes(8).toString('hex');
  const unchecked = `vk_${id}_${randomBytes(32).toString('hex')}`;
  const key = unchecked + checksumOf(unchecked);
  const stored = storedKeySchema.parse({
    ...request,
    id,
    digest: digestOf(key).toString('base64url'),
    createdAt: now,
  });
  if (!(await documents.create(keyCollection, id, stored))) throw new TypeError('Two API keys drew the same id.');
  return { key: new Secret(key), view: viewOf(stored) };
}

/** All keys, revoked and expired ones included, oldest first. */
export async function listApiKeys(documents: DocumentStore): Promise<readonly ApiKeyView[]> {
  const [keys, uses] = await Promise.all([documents.list(keyCollection), documents.list(useCollection)]);
  const views = [...keys.values()].map((value) => {
    const stored = storedKeySchema.parse(value);
    return viewOf(stored, useSchema.safeParse(uses.get(stored.id)).data?.at);
  });
  return views.sort((a, b) => a.createdAt - b.createdAt);
}

/** One key; `undefined` when there is none of that id. */
export async function findApiKey(documents: DocumentStore, id: string): Promise<ApiKeyView | undefined> {
  const found = await documents.find(keyCollection, id);
  return found === undefined ? undefined : viewOf(storedKeySchema.parse(found));
}

/** Revokes a key; every replica refuses it from the next call on. `false` when there is none of that id. */
export async function revokeApiKey(documents: DocumentStore, id: string, now: number): Promise<boolean> {
  const found = await documents.find(keyCollection, id);
  if (found === undefined) return false;
  const stored = storedKeySchema.parse(found);
  await documents.put(keyCollection, id, { ...stored, revokedAt: stored.revokedAt ?? now });
  return true;
}

/** The result of looking a key up. `reason` is for the log only. */
export type KeyCheck =
  | { readonly ok: true; readonly view: ApiKeyView }
  | { readonly ok: false; readonly reason: 'key_malformed' | 'key_unknown' | 'key_revoked' | 'key_expired' };

/** Whether a credential looks like one of our stored keys. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith('vk_');
}

/**
 * Finds a presented key and compares digests. An unknown id takes the same steps as a wrong secret.
 *
 * @param now epoch ms
 * @throws {StoreUnavailable} it cannot be looked up
 */
export async function checkApiKey(documents: DocumentStore, credential: string, now: number): Promise<KeyCheck> {
  const [, unchecked = '', id = '', checksum] = keyForm.exec(credential) ?? [];
  if (checksumOf(unchecked) !== checksum) return { ok: false, reason: 'key_malformed' };
  const found = await documents.find(keyCollection, id);
  const stored = found === undefined ? undefined : storedKeySchema.parse(found);
  const kept = stored === undefined ? nobody : Buffer.from(stored.digest, 'base64url');
  const matches = timingSafeEqual(kept, digestOf(credential));
  if (stored === undefined || !matches) return { ok: false, reason: 'key_unknown' };
  if (stored.revokedAt !== undefined) return { ok: false, reason: 'key_revoked' };
  if ((stored.expiresAt ?? Number.POSITIVE_INFINITY) <= now) return { ok: false, reason: 'key_expired' };
  return { ok: true, view: viewOf(stored) };
}

function viewOf({ digest: _digest, ...shown }: StoredKey, lastUsedAt?: number): ApiKeyView {
  return { ...shown, lastUsedAt };
}

/** Notes when keys were last used: rarely, and without delaying the call that used them. */
export class ApiKeyUses {
  readonly #documents: DocumentStore;
  readonly #noted = new Map<string, number>();

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** @param now epoch ms */
  note(id: string, now: number): void {
    if (now - (this.#noted.get(id) ?? Number.NEGATIVE_INFINITY) < useResolutionMs) return;
    this.#noted.set(id, now);
    // If a use cannot be noted, the call must not fail for it.
    this.#documents.put(useCollection, id, { at: now }).catch(() => this.#noted.delete(id));
  }
}
