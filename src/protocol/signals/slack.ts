/** Slack's Events API: `tokens_revoked`, and the challenge that proves the address. */

import { z } from 'zod';
import type { InboundSignal, SignalMeaning } from '../../core/signal.js';
import { header, isHmac, isNear, nothing, parseBody, refused } from './signed-body.js';

const id = z.string().regex(/^[A-Z0-9]{1,32}$/);
const challenge = z.object({ type: z.literal('url_verification'), challenge: z.string().max(512) });
const revoked = z.object({
  type: z.literal('event_callback'),
  team_id: id,
  enterprise_id: id.nullish(),
  event: z.object({
    type: z.literal('tokens_revoked'),
    tokens: z.object({ oauth: z.array(id).max(1_000).optional() }),
  }),
});

/**
 * Ids of accounts are joined as the catalogue's record joins them: of the workspace, or of the organization.
 *
 * @param key the app's signing secret
 * @param now epoch ms
 */
export function readSlackSignal(signal: InboundSignal, key: string, now: number): SignalMeaning {
  const sentAt = header(signal, 'x-slack-request-timestamp');
  const signature = header(signal, 'x-slack-signature')?.replace(/^v0=/, '');
  if (!isNear(sentAt, now)) return refused;
  if (!isHmac(signature, key, Buffer.concat([Buffer.from(`v0:${sentAt}:`), signal.body]))) return refused;
  const asked = parseBody(signal, challenge);
  if (asked) return { kind: 'answer', body: { challenge: asked.challenge } };
  const parsed = parseBody(signal, revoked);
  if (parsed === undefined) return nothing;
  const places = [parsed.team_id, ...(parsed.enterprise_id ? [parsed.enterprise_id] : [])];
  const users = parsed.event.tokens.oauth ?? [];
  return { kind: 'ended', accountIds: users.flatMap((user) => places.map((place) => `${place}:${user}`)) };
}
