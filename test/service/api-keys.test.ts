/** API keys of the store: shown once, kept as a digest, limited, expiring, revoked at once. */

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Authenticate } from '../../routes/caller.js';
import { StoreUnavailable } from '../../src/core/errors.js';
import { providerIdSchema, tenantIdSchema } from '../../src/core/identifiers.js';
import { createApiKey, findApiKey, listApiKeys, revokeApiKey } from '../../src/service/api-keys.js';
import { createCallerAuth } from '../../src/service/caller-auth.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { bearer, MemoryDocuments, reasonOf } from './caller-support.js';

let clock: ManualClock;
let documents: MemoryDocuments;

beforeEach(() => {
  clock = createManualClock(Date.now());
  documents = new MemoryDocuments();
});

describe('keys of the store', () => {
  const request = { owner: 'team-a', role: 'bot' as const, tenant: tenantIdSchema.parse('acme') };
  const authenticate: Authenticate = (headers) => createCallerAuth({ apiKeys: [], documents, now: clock.now })(headers);

  it('makes keys that work at once and carry owner, role, tenant and providers', async () => {
    const providers = [providerIdSchema.parse('github')];
    const { key, view } = await createApiKey(documents, { ...request, providers }, clock.now());
    expect(key.reveal()).toMatch(/^vk_[0-9a-f]{16}_[0-9a-f]{72}$/);
    expect(await authenticate(bearer(key.reveal()))).toEqual({
      id: view.id,
      name: 'team-a',
      role: 'bot',
      tenant: 'acme',
      providers,
    });
  });

  it('draws all 64 digits of a secret anew for each key (A2: 256 bits)', async () => {
    const made = await Promise.all(Array.from({ length: 40 }, () => createApiKey(documents, request, clock.now())));
    const secrets = made.map(({ key }) => key.reveal().slice(20, 84));
    const drawn = Array.from({ length: 64 }, (_, at) => new Set(secrets.map((secret) => secret[at])).size);
    expect(Math.min(...drawn)).toBeGreaterThan(5);
  });

  it('keeps only the SHA-256 of a key and never lists it', async () => {
    const { key } = await createApiKey(documents, request, clock.now());
    const dump = JSON.stringify([...documents.kept].map(([name, values]) => [name, [...values]]));
    const secret = key.reveal().slice(20, 84);
    expect(dump).toContain(createHash('sha256').update(key.reveal()).digest('base64url'));
    for (const text of [secret, Buffer.from(secret, 'hex').toString('base64url')]) expect(dump).not.toContain(text);
    const listed = JSON.stringify(await listApiKeys(documents));
    expect(listed).toContain('team-a');
    expect(listed).not.toMatch(/digest/);
  });

  it('refuses a key from the moment it is revoked, and another one goes on working', async () => {
    const first = await createApiKey(documents, request, clock.now());
    const second = await createApiKey(documents, request, clock.now());
    const both = createCallerAuth({ apiKeys: [], documents, now: clock.now });
    expect(await reasonOf(both(bearer(first.key.reveal())))).toBeUndefined();
    expect(await revokeApiKey(documents, first.view.id, clock.now())).toBe(true);
    expect(await reasonOf(both(bearer(first.key.reveal())))).toBe('key_revoked');
    expect(await reasonOf(both(bearer(second.key.reveal())))).toBeUndefined();
    expect(await revokeApiKey(documents, 'ffffffffffffffff', clock.now())).toBe(false);
  });

  it('refuses a key from the moment it expires', async () => {
    const { key } = await createApiKey(documents, { ...request, expiresAt: clock.now() + 1000 }, clock.now());
    clock.advance(999);
    expect(await reasonOf(authenticate(bearer(key.reveal())))).toBeUndefined();
    clock.advance(1);
    expect(await reasonOf(authenticate(bearer(key.reveal())))).toBe('key_expired');
  });

  it('refuses every key with one changed character, and asks the store only when the checksum is right', async () => {
    const { key } = await createApiKey(documents, request, clock.now());
    const text = key.reveal();
    for (let at = 3; at < text.length; at += 7) {
      const changed = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
      expect(await reasonOf(authenticate(bearer(changed)))).toBe('key_malformed');
    }
    for (const longer of [`vk_${text}`, `${text}0`])
      expect(await reasonOf(authenticate(bearer(longer)))).toBe('key_malformed');
    expect(documents.finds).toBe(0);
  });

  it.each(['vk_', 'vk_0', `vk_${'0'.repeat(16)}`, `vk_${'0'.repeat(16)}_${'0'.repeat(72)}`, `vk_${'0'.repeat(16)}_`])(
    'refuses %s, which was never a key, without asking the store',
    async (credential) => {
      expect(await reasonOf(authenticate(bearer(credential)))).toBe('key_malformed');
      expect(documents.finds).toBe(0);
    },
  );

  it('takes every key it makes, also those whose checksum begins with zeros', async () => {
    for (let made = 0; made < 200; made += 1) {
      const { key } = await createApiKey(documents, request, clock.now());
      expect(key.reveal()).toHaveLength(92);
      expect(await reasonOf(authenticate(bearer(key.reveal())))).toBeUndefined();
    }
  });

  it('are found by their id, and listed oldest first, revoked and expired ones as well', async () => {
    const late = await createApiKey(documents, { ...request, expiresAt: clock.now() }, clock.now());
    const early = await createApiKey(documents, request, clock.now() - 1000);
    await revokeApiKey(documents, early.view.id, clock.now());
    expect((await listApiKeys(documents)).map(({ id }) => id)).toEqual([early.view.id, late.view.id]);
    expect(await findApiKey(documents, early.view.id)).toEqual({ ...early.view, revokedAt: clock.now() });
    expect(await findApiKey(documents, 'ffffffffffffffff')).toBeUndefined();
    clock.advance(1000);
    await revokeApiKey(documents, early.view.id, clock.now());
    expect(await findApiKey(documents, early.view.id)).toMatchObject({ revokedAt: clock.now() - 1000 });
  });

  it('never take the place of another one', async () => {
    vi.spyOn(documents, 'create').mockResolvedValue(false);
    await expect(createApiKey(documents, request, clock.now())).rejects.toThrow('drew the same id');
  });

  it('work though their use cannot be noted, which is then tried with the next one', async () => {
    const { key } = await createApiKey(documents, request, clock.now());
    const one = createCallerAuth({ apiKeys: [], documents, now: clock.now });
    vi.spyOn(documents, 'put').mockRejectedValueOnce(new StoreUnavailable('The store does not answer.', 'no'));
    expect(await reasonOf(one(bearer(key.reveal())))).toBeUndefined();
    expect((await listApiKeys(documents))[0]?.lastUsedAt).toBeUndefined();
    expect(await reasonOf(one(bearer(key.reveal())))).toBeUndefined();
    expect((await listApiKeys(documents))[0]?.lastUsedAt).toBe(clock.now());
  });

  it('refuses an unknown id and a wrong secret with the same reason', async () => {
    const { key, view } = await createApiKey(documents, request, clock.now());
    const other = await createApiKey(new MemoryDocuments(), request, clock.now());
    expect(await reasonOf(authenticate(bearer(other.key.reveal())))).toBe('key_unknown');
    // The record of the first key under the id of the second: found, and yet not its secret.
    const kept = await documents.find('api_keys', view.id);
    await documents.put('api_keys', other.view.id, kept);
    expect(await reasonOf(authenticate(bearer(other.key.reveal())))).toBe('key_unknown');
    expect(await reasonOf(authenticate(bearer(key.reveal())))).toBeUndefined();
  });

  it('notes the last use, at most once a minute, and a use never brings a revoked key back', async () => {
    const { key, view } = await createApiKey(documents, request, clock.now());
    const one = createCallerAuth({ apiKeys: [], documents, now: clock.now });
    await one(bearer(key.reveal()));
    // Where every version looks for them.
    expect([...documents.kept.keys()].sort()).toEqual(['api_key_uses', 'api_keys']);
    const firstUse = clock.now();
    clock.advance(59_000);
    await one(bearer(key.reveal()));
    expect((await listApiKeys(documents)).map(({ lastUsedAt }) => lastUsedAt)).toEqual([firstUse]);
    clock.advance(1000);
    await one(bearer(key.reveal()));
    expect((await listApiKeys(documents)).map(({ lastUsedAt }) => lastUsedAt)).toEqual([clock.now()]);
    await revokeApiKey(documents, view.id, clock.now());
    expect(await reasonOf(one(bearer(key.reveal())))).toBe('key_revoked');
  });
});
