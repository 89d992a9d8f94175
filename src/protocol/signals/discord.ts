/** Discord's webhook events: `APPLICATION_DEAUTHORIZED`, and the ping that checks whether bad signatures are refused. */

import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import type { InboundSignal, SignalMeaning } from '../../core/signal.js';
import { header, isNear, nothing, parseBody, refused } from './signed-body.js';

const deauthorized = z.object({
  type: z.literal(1),
  event: z.object({
    type: z.literal('APPLICATION_DEAUTHORIZED'),
    data: z.object({ user: z.object({ id: z.string().regex(/^\d{1,32}$/) }) }),
  }),
});

/** DER of an Ed25519 public key (RFC 8410) up to its 32 bytes. */
const keyHead = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * @param key the application's public key, 64 hex digits
 * @param now epoch ms
 */
export function readDiscordSignal(signal: InboundSignal, key: string, now: number): SignalMeaning {
  const sentAt = header(signal, 'x-signature-timestamp');
  const signature = header(signal, 'x-signature-ed25519') ?? '';
  if (!isNear(sentAt, now) || !/^[0-9a-f]{128}$/i.test(signature) || !/^[0-9a-f]{64}$/i.test(key)) return refused;
  const publicKey = createPublicKey({
    key: Buffer.concat([keyHead, Buffer.from(key, 'hex')]),
    format: 'der',
    type: 'spki',
  });
  const signed = Buffer.concat([Buffer.from(sentAt ?? ''), signal.body]);
  if (!verify(null, signed, publicKey, Buffer.from(signature, 'hex'))) return refused;
  const parsed = parseBody(signal, deauthorized);
  return parsed ? { kind: 'ended', accountIds: [parsed.event.data.user.id] } : nothing;
}
