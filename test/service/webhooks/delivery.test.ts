/** Deliveries whose term ends: in the middle of an attempt, and because another process has taken over. */

import { expect, it, onTestFinished, vi } from 'vitest';
import { defaultTenant } from '../../../src/core/identifiers.js';
import { silentLog } from '../../../src/core/log.js';
import { openStore } from '../../../src/open-store.js';
import { TenantDelivery } from '../../../src/service/webhooks/delivery.js';
import { findProgress, saveProgress } from '../../../src/service/webhooks/progress.js';
import { WebhookWorker } from '../../../src/service/webhooks/worker.js';
import { createManualClock } from '../../support/clock.js';
import { makePlace, secrets } from '../../support/service.js';
import { happened } from './samples.js';

/** The store of one test. */
async function openOne(now = Date.now) {
  const { DATA_DIR } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir: DATA_DIR, now });
  onTestFinished(() => store.close());
  return store;
}

it('neither notes nor logs an attempt that the end of the term has cut off: it is made again elsewhere', async () => {
  const store = await openOne();
  const begun = { cursor: await store.events.newest(defaultTenant), attempts: [] };
  await saveProgress(store.documents, defaultTenant, begun);
  await store.events.append(defaultTenant, happened('ada'));
  const term = new AbortController();
  let sent = 0;
  const sender = {
    send: async () => {
      sent += 1;
      term.abort();
      return { delivered: false, failure: 'timeout', durationMs: 1 };
    },
    close: async () => undefined,
  };
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, message: string) => warnings.push(message) };
  await new TenantDelivery({ store, sender, log, now: Date.now }, defaultTenant, term.signal).run();
  expect([sent, warnings]).toEqual([1, []]);
  expect(await findProgress(store.documents, defaultTenant)).toEqual(begun);
});

it('end when the lease is found to be another’s, or both would deliver', async () => {
  const clock = createManualClock();
  const store = await openOne(clock.now);
  const acquire = vi.spyOn(store.leases, 'acquire');
  const sender = { send: async () => ({ delivered: true, durationMs: 1 }), close: async () => undefined };
  const worker = new WebhookWorker({ store, sender, log: silentLog, now: clock.now });
  worker.start();
  onTestFinished(() => worker.stop());
  await expect.poll(() => store.documents.find('webhooks', '.begun')).toBeDefined();
  clock.advance(15_001);
  expect(await store.leases.acquire('webhooks', 'another', 60_000)).toBe(true);
  // By its next look at the lease, which is within five seconds, it has to stand by again.
  await expect.poll(() => acquire.mock.calls.filter(([, holder]) => holder !== 'another').length).toBe(2);
});

it('go on where they were when it was forgotten that they had begun, as with the key of that note', async () => {
  const store = await openOne();
  const { documents, events } = store;
  await saveProgress(documents, defaultTenant, {
    cursor: await events.append(defaultTenant, happened('ada')),
    attempts: [],
  });
  await events.append(defaultTenant, happened('bob'));
  const sent: string[] = [];
  const sender = {
    send: async ({ body }: { body: string }) => {
      sent.push(JSON.parse(body).data.user);
      return { delivered: true, durationMs: 1 };
    },
    close: async () => undefined,
  };
  const worker = new WebhookWorker({ store, sender, log: silentLog, now: Date.now });
  worker.start();
  onTestFinished(() => worker.stop());
  await expect.poll(() => documents.find('webhooks', '.begun'), { timeout: 10_000 }).toBeDefined();
  await events.append(defaultTenant, happened('eve'));
  await expect.poll(() => sent.at(-1), { timeout: 10_000 }).toBe('eve');
  expect(sent).toEqual(['bob', 'eve']);
});
