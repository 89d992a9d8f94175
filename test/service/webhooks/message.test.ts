/** What a webhook is known by. */

import { expect, it } from 'vitest';
import { tenantIdSchema } from '../../../src/core/identifiers.js';
import { messageOf } from '../../../src/service/webhooks/message.js';
import { happened } from './samples.js';

it('has an id that no other tenant has, though events of both have the same: receivers tell repetitions by it', () => {
  const ids = ['acme', 'other', 'acme'].map(
    (tenant) => messageOf(tenantIdSchema.parse(tenant), { id: '1-1', event: happened('u1') }).id,
  );
  expect(ids[0]).toBe(ids[2]);
  expect(new Set(ids).size).toBe(2);
});
