/** Whether there is a key of that id cannot be told from how long its refusal takes. */

import { timingSafeEqual } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
import { checkApiKey, createApiKey } from '../../src/service/api-keys.js';
import { MemoryDocuments } from './caller-support.js';

// The real one, counted.
vi.mock('node:crypto', async (load) => {
  const crypto = await load<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

test('an unknown key is compared as a known one is, on digests of one length (S3-15)', async () => {
  const documents = new MemoryDocuments();
  const request = { owner: 'ada', role: 'bot', tenant: defaultTenant } as const;
  const { key: unknown } = await createApiKey(new MemoryDocuments(), request, 0);
  const { key: known } = await createApiKey(documents, request, 0);
  const checked = [await checkApiKey(documents, unknown.reveal(), 0), await checkApiKey(documents, known.reveal(), 0)];
  expect(checked).toMatchObject([{ ok: false, reason: 'key_unknown' }, { ok: true }]);
  const lengths = vi.mocked(timingSafeEqual).mock.calls.map(([one, other]) => [one.byteLength, other.byteLength]);
  expect(lengths).toEqual([
    [32, 32],
    [32, 32],
  ]);
});
