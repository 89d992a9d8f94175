/** How far the webhooks of each tenant have come, and the results of the last attempts: one document per tenant. */

import { z } from 'zod';
import type { TenantId } from '../../core/identifiers.js';
import type { DocumentStore } from '../../core/store.js';

const attemptSchema = z.object({
  /** Id of the event in the tenant's log. */
  eventId: z.string(),
  webhookId: z.string(),
  type: z.string(),
  /** Epoch ms of the attempt. */
  at: z.number(),
  /** Counted from 1. */
  attempt: z.number(),
  outcome: z.enum(['delivered', 'failed', 'given_up']),
  status: z.number().optional(),
  failure: z.string().optional(),
  durationMs: z.number(),
});
/** One line of the delivery log. */
export type LoggedAttempt = Readonly<z.infer<typeof attemptSchema>>;

const progressSchema = z.object({
  /** Id of the last event that was delivered or given up; absent = none yet, so delivery begins with the oldest one kept. */
  cursor: z.string().optional(),
  /**
   * Newest last. Attempts of a form that only a later version knows are dropped, but the cursor is kept: otherwise all
   * events would be sent again.
   */
  attempts: z.array(attemptSchema).readonly().catch([]),
});
/** The progress of one tenant. */
export type WebhookProgress = Readonly<z.infer<typeof progressSchema>>;

const collection = 'webhooks';
/** No tenant has this name, as they begin with a letter or digit. */
const beginning = '.begun';
const mostAttempts = 50;

/** The progress of the tenant. */
export async function findProgress(documents: DocumentStore, tenant: TenantId): Promise<WebhookProgress> {
  const found = progressSchema.safeParse(await documents.find(collection, tenant));
  return found.success ? found.data : { attempts: [] };
}

/** Stores the progress of the tenant. */
export async function saveProgress(documents: DocumentStore, tenant: TenantId, next: WebhookProgress): Promise<void> {
  await documents.put(collection, tenant, next);
}

/** The progress with one more attempt; the oldest ones are dropped. */
export function withAttempt(progress: WebhookProgress, attempt: LoggedAttempt): WebhookProgress {
  return { ...progress, attempts: [...progress.attempts, attempt].slice(-mostAttempts) };
}

/** Whether webhooks were ever sent from this store. */
export async function hasBegun(documents: DocumentStore): Promise<boolean> {
  return (await documents.find(collection, beginning)) !== undefined;
}

/** Notes that webhooks are sent from now on. */
export async function noteBeginning(documents: DocumentStore, now: number): Promise<void> {
  await documents.create(collection, beginning, { at: now });
}
