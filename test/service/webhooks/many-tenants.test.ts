/** Tenants stay known for good, so that what they cost a worker must not grow with their number. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { tenantIdSchema } from '../../../src/core/identifiers.js';
import { silentLog } from '../../../src/core/log.js';
import { openStore } from '../../../src/open-store.js';
import { noteBeginning } from '../../../src/service/webhooks/progress.js';
import { WebhookWorker } from '../../../src/service/webhooks/worker.js';
import { makePlace, secrets } from '../../support/service.js';

it('the names of many tenants are read less often', async () => {
  const { DATA_DIR: dataDir = '' } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir });
  const sender = { send: async () => ({ delivered: true, durationMs: 1 }), close: async () => undefined };
  const worker = new WebhookWorker({ store, sender, log: silentLog, now: Date.now });
  onTestFinished(async () => {
    await worker.stop();
    await store.close();
  });
  await noteBeginning(store.documents, Date.now());
  const tenants = Array.from({ length: 5_000 }, (_, index) => tenantIdSchema.parse(`t${index}`));
  const read = vi.spyOn(store.events, 'tenants').mockResolvedValue(tenants);
  worker.start();
  await expect.poll(() => read.mock.calls.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
  read.mockClear();
  await sleep(2_500);
  expect(read.mock.calls.length).toBeLessThanOrEqual(3);
});
