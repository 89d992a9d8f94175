/** Delivers one tenant's events in order, each until it is accepted or given up. */

import { setTimeout as sleep } from 'node:timers/promises';
import { OAuthManagerError } from '../../core/errors.js';
import { isTold, type StoredEvent } from '../../core/events.js';
import type { TenantId } from '../../core/identifiers.js';
import type { Log } from '../../core/log.js';
import type { Meter } from '../../core/meter.js';
import type { Store } from '../../core/store.js';
import { FailureLog } from '../../flows/failure-log.js';
import { messageOf } from './message.js';
import { findProgress, saveProgress, type WebhookProgress, withAttempt } from './progress.js';
import type { Attempt, WebhookSender } from './sender.js';

/** What a delivery needs. Times are ms. */
export interface WebhookDesk {
  readonly store: Pick<Store, 'events' | 'documents' | 'leases'>;
  readonly sender: WebhookSender;
  readonly log: Log;
  readonly now: () => number;
  readonly meter?: Meter;
  /** The pause after the first failure; each further one doubles it. 1 s by default. */
  readonly firstPauseMs?: number;
}

const storePauseMs = 1_000;
const followPauseMs = 3_000;
const longestPauseMs = 3_600_000;
/** An event that could not be delivered for this long is given up at its next failure, and the next one follows. */
const giveUpMs = 24 * 3_600_000;
const batch = 100;

/** The events of one tenant, one after the other: one that fails delays those behind it, but no other tenant's. */
export class TenantDelivery {
  readonly #desk: WebhookDesk;
  readonly #tenant: TenantId;
  readonly #signal: AbortSignal;
  readonly #saves: FailureLog;

  constructor(desk: WebhookDesk, tenant: TenantId, signal: AbortSignal) {
    this.#desk = desk;
    this.#tenant = tenant;
    this.#signal = signal;
    this.#saves = new FailureLog({ name: 'webhooks', log: desk.log });
  }

  /** Resolves when the signal fires. If the store fails, it is asked again. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#follow().catch(async (error: unknown) => {
        const code = error instanceof OAuthManagerError ? error.code : 'unexpected';
        this.#desk.log.warn({ code }, 'webhooks wait for the store');
        await pause(followPauseMs, this.#signal);
      });
    }
  }

  async #follow(): Promise<void> {
    const { events, documents } = this.#desk.store;
    let progress = await findProgress(documents, this.#tenant);
    while (!this.#signal.aborted) {
      const entries = await events.read(this.#tenant, progress.cursor, batch);
      for (const entry of entries) {
        if (isTold(entry.event)) progress = await this.#deliver(entry, progress);
        if (this.#signal.aborted) return;
        progress = { ...progress, cursor: entry.id };
      }
      if (entries.length === 0) await events.wait(this.#tenant, progress.cursor ?? '', this.#signal);
    }
  }

  /**
   * Tries until it is delivered, given up, or the term ends; the cursor moves together with the note of the last attempt.
   */
  async #deliver(entry: StoredEvent, before: WebhookProgress): Promise<WebhookProgress> {
    const { sender, now, log, meter } = this.#desk;
    const message = messageOf(this.#tenant, entry);
    let progress = before;
    for (let attempt = attemptsOf(before, entry.id) + 1; ; attempt += 1) {
      const result = await sender.send(message, this.#signal);
      if (this.#signal.aborted && !result.delivered) return progress;
      const isOver = result.delivered || now() - entry.event.at > giveUpMs;
      const outcome = result.delivered ? 'delivered' : isOver ? 'given_up' : 'failed';
      meter?.webhookTried({ outcome, seconds: result.durationMs / 1_000 });
      const { delivered: _, retryAfterMs: __, ...facts } = result;
      progress = withAttempt(progress, {
        ...facts,
        eventId: entry.id,
        webhookId: message.id,
        type: entry.event.type,
        at: now(),
        attempt,
        outcome,
      });
      if (isOver) progress = { ...progress, cursor: entry.id };
      await this.#save(progress);
      if (!result.delivered) {
        const { status, failure } = result;
        log.warn({ webhook_id: message.id, attempt, status, failure, outcome }, 'a webhook was not taken');
      }
      if (isOver) return progress;
      await pause(this.#pauseAfter(attempt, result), this.#signal);
      if (this.#signal.aborted) return progress;
    }
  }

  /** Writes until the store takes it, so that a delivered event is not sent again because the store was down. */
  async #save(progress: WebhookProgress): Promise<void> {
    const save = () => saveProgress(this.#desk.store.documents, this.#tenant, progress).then(() => true);
    while (!this.#signal.aborted) {
      if (await this.#saves.attempt(save)) return;
      await pause(storePauseMs, this.#signal);
    }
  }

  /** Doubles up to an hour, plus or minus a fifth, and is never less than the receiver asks for. */
  #pauseAfter(attempt: number, { retryAfterMs = 0 }: Attempt): number {
    const { firstPauseMs = 1_000 } = this.#desk;
    const growing = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt - 1, 30));
    return Math.max(growing * (0.8 + Math.random() * 0.4), Math.min(retryAfterMs, longestPauseMs));
  }
}

/** How often the event was tried before: by this process, or by one that ended. */
function attemptsOf({ attempts }: WebhookProgress, eventId: string): number {
  return attempts.findLast((attempt) => attempt.eventId === eventId)?.attempt ?? 0;
}

/** Waits; a signal ends it early. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
