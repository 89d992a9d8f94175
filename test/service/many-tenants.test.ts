/** What a process remembers of tenants does not grow with the number that it has met. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { type TenantId, tenantIdSchema } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { RevokedCallers } from '../../src/service/revoked-callers.js';
import { makePlace, secrets } from '../support/service.js';
import { MemoryDocuments } from './caller-support.js';
import { happened } from './webhooks/samples.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const tenants = Array.from({ length: 20_000 }, (_, index) => tenantIdSchema.parse(`tenant-${index}`));
const atOnce = 1_000;

/** What each tenant leaves behind on the heap, bytes. */
async function bytesEach(meet: (tenant: TenantId) => Promise<unknown>): Promise<number> {
  await Promise.all(tenants.slice(0, atOnce).map(meet));
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let met = atOnce; met < tenants.length; met += atOnce) {
    await Promise.all(tenants.slice(met, met + atOnce).map(meet));
  }
  collectGarbage();
  return (process.memoryUsage().heapUsed - before) / tenants.length;
}

it('whose callers were looked up among the revoked', async () => {
  const documents = new MemoryDocuments();
  documents.list = async () => new Map();
  const revoked = new RevokedCallers(documents, () => 0);
  expect(await bytesEach((tenant) => revoked.has(tenant, { subject: 'ada' }))).toBeLessThan(150);
});

it('that had an event', async () => {
  const { DATA_DIR: dataDir = '' } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir });
  onTestFinished(() => store.close());
  expect(await bytesEach((tenant) => store.events.append(tenant, happened('ada')))).toBeLessThan(150);
});
