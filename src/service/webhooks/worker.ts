/** Delivers the event log to the operator's receiver: one worker at a time in all processes together. */

import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { TenantId } from '../../core/identifiers.js';
import { FailureLog } from '../../flows/failure-log.js';
import { pause, TenantDelivery, type WebhookDesk } from './delivery.js';
import { findProgress, hasBegun, noteBeginning, saveProgress } from './progress.js';
import { createSender } from './sender.js';
import type { WebhookConfig } from './settings.js';

const lease = 'webhooks';
const leaseMs = 15_000;
const renewMs = 5_000;
/** How soon another process takes over from one that died, after its lease has expired. */
const standbyMs = 3_000;
/** How soon the first event of a new tenant is noticed. */
const lookMs = 200;
/** How many names of tenants are read per second, at most: each costs 2 µs, whether it is new or not. */
const mostNamesPerSecond = 5_000;

/** Starts delivering to a receiver. */
export function startWebhooks(config: WebhookConfig, desk: Omit<WebhookDesk, 'sender'>): WebhookWorker {
  const worker = new WebhookWorker({ ...desk, sender: createSender(config, desk.now) });
  worker.start();
  return worker;
}

/** Runs until stopped. Any number of processes may have one; the lease decides which of them delivers. */
export class WebhookWorker {
  readonly #desk: WebhookDesk;
  readonly #terms: FailureLog;
  readonly #looks: FailureLog;
  readonly #holder = randomUUID();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(desk: WebhookDesk) {
    this.#desk = desk;
    this.#terms = new FailureLog({ name: 'webhooks', log: desk.log });
    this.#looks = new FailureLog({ name: 'webhooks', log: desk.log });
  }

  /** Starts; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Sends nothing more, and lets another process take over at once, which repeats an attempt that was under way. Safe to
   * call twice.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#desk.sender.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const hasLed = await this.#terms.attempt(() => this.#lead());
      if (!hasLed) await pause(standbyMs, signal);
    }
  }

  /** Delivers for as long as the lease is ours; `false` if it is another process's. */
  async #lead(): Promise<boolean> {
    const { leases } = this.#desk.store;
    if (!(await leases.acquire(lease, this.#holder, leaseMs))) return false;
    const term = new AbortController();
    // Every tenant listens to it, and there may be any number of them.
    setMaxListeners(0, term.signal);
    const end = () => term.abort();
    this.#stop.signal.addEventListener('abort', end, { once: true });
    if (this.#stop.signal.aborted) end();
    const renewing = setInterval(() => {
      this.#renew().then((isOurs) => isOurs || end());
    }, renewMs);
    try {
      await this.#deliverAll(term.signal);
    } finally {
      clearInterval(renewing);
      this.#stop.signal.removeEventListener('abort', end);
      await leases.release(lease, this.#holder).catch(() => undefined);
    }
    return true;
  }

  /** A store that is down for a moment does not end the term: nobody else can take the lease then either. */
  #renew(): Promise<boolean> {
    return this.#desk.store.leases.renew(lease, this.#holder, leaseMs).catch(() => true);
  }

  async #deliverAll(signal: AbortSignal): Promise<void> {
    const { events } = this.#desk.store;
    await this.#begin();
    const working = new Map<TenantId, Promise<void>>();
    while (!signal.aborted) {
      for (const tenant of (await this.#looks.attempt(() => events.tenants())) ?? []) {
        if (!working.has(tenant)) working.set(tenant, new TenantDelivery(this.#desk, tenant, signal).run());
      }
      await pause(Math.max(lookMs, (working.size * 1_000) / mostNamesPerSecond), signal);
    }
    await Promise.all(working.values());
  }

  /**
   * Events from before there ever was a receiver are not sent. A tenant whose progress is known keeps it, whatever else was
   * forgotten.
   */
  async #begin(): Promise<void> {
    const { documents, events } = this.#desk.store;
    if (await hasBegun(documents)) return;
    for (const tenant of await events.tenants()) {
      if ((await findProgress(documents, tenant)).cursor !== undefined) continue;
      await saveProgress(documents, tenant, { cursor: await events.newest(tenant), attempts: [] });
    }
    await noteBeginning(documents, this.#desk.now());
  }
}
