/** Webhooks that stand still because the store does not do its part: the log says so, and not with every try. */

import { expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/core/errors.js';
import { defaultTenant } from '../../../src/core/identifiers.js';
import { silentLog } from '../../../src/core/log.js';
import { Secret } from '../../../src/core/secret.js';
import type { Store } from '../../../src/core/store.js';
import { openStore } from '../../../src/open-store.js';
import { createSender } from '../../../src/service/webhooks/sender.js';
import { WebhookWorker } from '../../../src/service/webhooks/worker.js';
import { makePlace, secrets } from '../../support/service.js';
import { startWebhookReceiver, webhookSecrets } from '../../support/webhook-receiver.js';
import { happened } from './samples.js';

/** Patience on a busy machine. */
const soon = { timeout: 10_000 };

it.each([
  ['gives no lease', 1, ({ leases }: Store) => vi.spyOn(leases, 'acquire')],
  ['cannot tell whether they have begun', 1, ({ documents }: Store) => vi.spyOn(documents, 'find')],
  ['lists no tenants', 4, ({ events }: Store) => vi.spyOn(events, 'tenants')],
  ['keeps no progress', 1, ({ documents }: Store) => vi.spyOn(documents, 'put')],
])('a store that %s is told of once', async (_fault, calls, faultyCall) => {
  const { DATA_DIR } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir: DATA_DIR });
  onTestFinished(() => store.close());
  const told: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => void told.push(fields) };
  const { url } = await startWebhookReceiver(() => 200);
  const start = () => {
    const keys = webhookSecrets.map((secret) => new Secret(secret.replace('whsec_', '')));
    const worker = new WebhookWorker({
      store,
      sender: createSender({ url, secrets: keys }, Date.now),
      log,
      now: Date.now,
    });
    worker.start();
    onTestFinished(() => worker.stop());
    return worker;
  };
  const first = start();
  await expect.poll(() => store.documents.find('webhooks', '.begun'), soon).toBeDefined();
  await first.stop();
  await store.events.append(defaultTenant, happened('ada'));
  const call = faultyCall(store).mockRejectedValue(new StoreUnavailable('CANARY', 'no'));
  start();
  await expect.poll(() => call.mock.calls.length, soon).toBeGreaterThanOrEqual(calls);
  await expect.poll(() => told, soon).toEqual([{ worker: 'webhooks', failure: 'store_unavailable' }]);
});
