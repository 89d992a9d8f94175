import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { defaultTenant, type TenantId, tenantIdSchema } from '../../../src/core/identifiers.js';
import { silentLog } from '../../../src/core/log.js';
import type { Meter } from '../../../src/core/meter.js';
import { Secret } from '../../../src/core/secret.js';
import type { Store } from '../../../src/core/store.js';
import { openStore } from '../../../src/open-store.js';
import { createMeter } from '../../../src/service/journey-metrics.js';
import { countBacklog } from '../../../src/service/webhooks/backlog.js';
import { signedHeaders } from '../../../src/service/webhooks/message.js';
import { findProgress } from '../../../src/service/webhooks/progress.js';
import { createSender } from '../../../src/service/webhooks/sender.js';
import { WebhookWorker } from '../../../src/service/webhooks/worker.js';
import { createManualClock, type ManualClock } from '../../support/clock.js';
import { makePlace, type StoreKind, secrets, storeKinds } from '../../support/service.js';
import {
  signatureBy,
  startWebhookReceiver,
  type WebhookReceiver,
  webhookSecrets,
} from '../../support/webhook-receiver.js';
import { happened } from './samples.js';

const acme = tenantIdSchema.parse('acme');
const keys = webhookSecrets.map((secret) => new Secret(secret.replace('whsec_', '')));

/** Patience on a busy machine. */
const soon = { timeout: 10_000 };

const workers: WebhookWorker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
});

async function openStoreOf(kind: StoreKind = 'embedded'): Promise<Store> {
  const { DATA_DIR, REDIS_URL, KEY_PREFIX } = await makePlace(kind);
  const store = await openStore({
    encryptionKeys: secrets.encryptionKeys,
    ...(DATA_DIR === undefined ? {} : { dataDir: DATA_DIR }),
    ...(REDIS_URL === undefined ? {} : { redisUrl: REDIS_URL }),
    ...(KEY_PREFIX === undefined ? {} : { keyPrefix: KEY_PREFIX }),
  });
  onTestFinished(async () => {
    for (const worker of workers.splice(0)) await worker.stop();
    await store.close();
  });
  return store;
}

/** A worker whose pauses are short enough for a test; `clock` is what events are given up by. */
function startWorker(
  store: Store,
  { url }: WebhookReceiver,
  { clock = createManualClock(), outcomes = [] }: { clock?: ManualClock; outcomes?: string[] } = {},
): WebhookWorker {
  const sender = createSender({ url, secrets: keys }, clock.now);
  const meter = createMeter(new Registry());
  const webhookTried: Meter['webhookTried'] = ({ outcome }) => void outcomes.push(outcome);
  const desk = { store, sender, log: silentLog, now: clock.now, meter: { ...meter, webhookTried } };
  const worker = new WebhookWorker({ ...desk, firstPauseMs: 2 });
  worker.start();
  workers.push(worker);
  return worker;
}

/** So that what follows is after the beginning of all webhooks, and the worker knows the tenant. */
async function warmUp(store: Store, receiver: WebhookReceiver, tenant: TenantId = defaultTenant) {
  const before = receiver.taken().length;
  await store.events.append(tenant, happened('warm-up'));
  await expect.poll(() => receiver.taken().length, soon).toBe(before + 1);
}

const hasBegun = (store: Store) => expect.poll(() => store.documents.find('webhooks', '.begun'), soon).toBeDefined();

const usersOf = (list: WebhookReceiver['received']) => list.map(({ body }) => body.data.user);

describe('a webhook', () => {
  it('is signed as the example of the specification is', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' };
    const headers = signedHeaders(message, [new Secret('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')], 1_614_265_330_999);
    expect(headers).toMatchObject({
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

describe.each(storeKinds)('webhooks from the %s store', (kind) => {
  it('are counted while they wait, and each attempt by its outcome', async () => {
    const store = await openStoreOf(kind);
    let answers = 200;
    const receiver = await startWebhookReceiver(() => answers);
    const tried: string[] = [];
    startWorker(store, receiver, { outcomes: tried });
    await hasBegun(store);
    await warmUp(store, receiver);
    await expect.poll(() => countBacklog(store), soon).toBe(0);
    answers = 503;
    for (const user of ['a', 'b', 'c']) await store.events.append(defaultTenant, happened(user));
    await expect.poll(() => tried, soon).toContain('failed');
    expect(await countBacklog(store)).toBe(3);
    answers = 200;
    await expect.poll(() => countBacklog(store), soon).toBe(0);
    expect(tried.filter((outcome) => outcome === 'delivered')).toHaveLength(4);
  });

  it('wait for as many tenants as there are, without a warning of a leak', async () => {
    const store = await openStoreOf(kind);
    const receiver = await startWebhookReceiver(() => 200);
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    startWorker(store, receiver);
    await hasBegun(store);
    const tenants = Array.from({ length: 15 }, (_, index) => tenantIdSchema.parse(`t${index}`));
    for (const tenant of tenants) await store.events.append(tenant, happened('a'));
    await expect.poll(() => receiver.taken().length, soon).toBe(tenants.length);
    await sleep(300);
    expect(warnings).toEqual([]);
  });

  it('reach a receiver that fails 5 times: each event in order, exactly once by id', async () => {
    const store = await openStoreOf(kind);
    const receiver = await startWebhookReceiver((index) => (index >= 1 && index <= 5 ? 500 : 200));
    startWorker(store, receiver);
    await hasBegun(store);
    await warmUp(store, receiver);
    for (const user of ['a', 'b', 'c']) await store.events.append(defaultTenant, happened(user));
    await expect.poll(() => receiver.taken().length, soon).toBe(4);
    expect(usersOf(receiver.taken())).toEqual(['warm-up', 'a', 'b', 'c']);
    expect(usersOf(receiver.received)).toEqual(['warm-up', 'a', 'a', 'a', 'a', 'a', 'a', 'b', 'c']);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(4);
  });

  it('are sent by one of several workers, and by the next one when it ends, with none lost or repeated', async () => {
    const store = await openStoreOf(kind);
    const receiver = await startWebhookReceiver();
    const first = startWorker(store, receiver);
    await hasBegun(store);
    const second = startWorker(store, receiver);
    await warmUp(store, receiver);
    for (const user of ['a', 'b']) await store.events.append(defaultTenant, happened(user));
    await expect.poll(() => receiver.received.length, soon).toBe(3);
    // What was taken but not yet noted is sent again by the next one.
    await expect.poll(() => countBacklog(store), soon).toBe(0);
    await first.stop();
    await second.stop();
    await store.events.append(defaultTenant, happened('c'));
    startWorker(store, receiver);
    await expect.poll(() => receiver.received.length, soon).toBe(4);
    await store.events.append(defaultTenant, happened('d'));
    await expect.poll(() => usersOf(receiver.received), soon).toEqual(['warm-up', 'a', 'b', 'c', 'd']);
  });
});

describe('webhooks', () => {
  it('are signed with every secret, name their tenant, and leave out what is for our own long-polls', async () => {
    const store = await openStoreOf();
    const receiver = await startWebhookReceiver();
    startWorker(store, receiver);
    await hasBegun(store);
    await store.events.append(acme, happened('nobody', 'connect.progressed'));
    const eventId = await store.events.append(acme, happened('ada'));
    await expect.poll(() => receiver.received.length, soon).toBe(1);
    const [{ id = '', signatures = [], signed = '', body = undefined } = {}] = receiver.received;
    expect(signatures).toEqual(webhookSecrets.map((secret) => signatureBy(secret, signed)));
    expect(id).toMatch(/^msg_[\w-]{27}$/);
    expect(body).toMatchObject({
      type: 'connect.completed',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { event_id: eventId, tenant: 'acme', user: 'ada', provider: 'github', connect_id: 'cn_1' },
    });
  });

  it('begin with what happens after the receiver was first configured', async () => {
    const store = await openStoreOf();
    await store.events.append(defaultTenant, happened('before'));
    const receiver = await startWebhookReceiver();
    startWorker(store, receiver);
    await hasBegun(store);
    await store.events.append(defaultTenant, happened('after'));
    await expect.poll(() => usersOf(receiver.received), soon).toEqual(['after']);
  });

  it('of one tenant do not wait for those of another', async () => {
    const store = await openStoreOf();
    let refuses = true;
    const receiver = await startWebhookReceiver((index) =>
      index > 0 && refuses && index < 3 ? { status: 503, headers: { 'retry-after': '3600' } } : 200,
    );
    startWorker(store, receiver);
    await hasBegun(store);
    await warmUp(store, receiver);
    await store.events.append(defaultTenant, happened('stuck'));
    await expect.poll(() => receiver.received.length, soon).toBe(2);
    refuses = false;
    await store.events.append(acme, happened('free'));
    await expect.poll(() => usersOf(receiver.taken()), soon).toEqual(['warm-up', 'free']);
    expect(usersOf(receiver.received)).toEqual(['warm-up', 'stuck', 'free']);
  });

  it('are given up after a day, and those behind them have their turn', async () => {
    const store = await openStoreOf();
    const clock = createManualClock();
    const receiver = await startWebhookReceiver((index) => (index === 0 || index > 3 ? 200 : 410));
    startWorker(store, receiver, { clock });
    await hasBegun(store);
    await warmUp(store, receiver);
    clock.advance(24 * 3_600_000 + 1);
    await store.events.append(defaultTenant, happened('old'));
    await store.events.append(defaultTenant, happened('older'));
    const told = async () => {
      const { attempts } = await findProgress(store.documents, defaultTenant);
      return attempts.slice(1).map(({ outcome, status, attempt }) => [outcome, status, attempt]);
    };
    await expect.poll(told, soon).toEqual([
      ['given_up', 410, 1],
      ['given_up', 410, 1],
    ]);
    expect(receiver.received).toHaveLength(3);
  });

  it('are logged attempt by attempt, and counted on by the next worker', async () => {
    const store = await openStoreOf();
    let status = 302;
    const receiver = await startWebhookReceiver(() => ({ status, headers: { location: '/elsewhere' } }));
    const first = startWorker(store, receiver);
    await hasBegun(store);
    await store.events.append(defaultTenant, happened('ada'));
    const latest = async () => (await findProgress(store.documents, defaultTenant)).attempts.at(-1);
    await expect.poll(latest, soon).toMatchObject({ outcome: 'failed', failure: 'redirect' });
    await expect.poll(() => receiver.received.length, soon).toBeGreaterThan(2);
    await first.stop();
    const { attempt = 0 } = (await latest()) ?? {};
    status = 200;
    startWorker(store, receiver);
    await expect.poll(latest, soon).toMatchObject({ outcome: 'delivered', status: 200 });
    expect((await latest())?.attempt).toBe(attempt + 1);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
  });
});
