/** One webhook as it is sent: body, id and signatures (Standard Webhooks 1.0.0). */

import { createHash, createHmac } from 'node:crypto';
import { formatEventFacts } from '../../../routes/wire.js';
import type { StoredEvent } from '../../core/events.js';
import type { TenantId } from '../../core/identifiers.js';
import type { Secret } from '../../core/secret.js';

/** An event of a tenant, ready to be sent. The same event always makes the same message. */
export interface WebhookMessage {
  /** By this, receivers recognise a repetition. It has no full stop, as that separates the parts that are signed. */
  readonly id: string;
  readonly body: string;
}

/** The message of an event. Ids of events are unique within their tenant only. */
export function messageOf(tenant: TenantId, { id, event }: StoredEvent): WebhookMessage {
  const digest = createHash('sha256').update(`${tenant}\n${id}`).digest('base64url').slice(0, 27);
  const timestamp = new Date(event.at).toISOString();
  const data = { event_id: id, tenant, ...formatEventFacts(event) };
  return { id: `msg_${digest}`, body: JSON.stringify({ type: event.type, timestamp, data }) };
}

/**
 * The headers of one attempt.
 *
 * @param secrets base64 of the keys
 * @param now epoch ms; receivers refuse a message that is a few minutes old, so every attempt has its own time
 */
export function signedHeaders(message: WebhookMessage, secrets: readonly Secret[], now: number) {
  const timestamp = String(Math.floor(now / 1000));
  const signed = `${message.id}.${timestamp}.${message.body}`;
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', Buffer.from(secret.reveal(), 'base64')).update(signed);
    return `v1,${mac.digest('base64')}`;
  });
  return {
    'content-type': 'application/json',
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
