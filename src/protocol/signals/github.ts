/** GitHub Apps: the webhook `github_app_authorization`, sent to every app when a person revokes it. */

import { z } from 'zod';
import type { InboundSignal, SignalMeaning } from '../../core/signal.js';
import { header, isHmac, nothing, parseBody, refused } from './signed-body.js';

const revoked = z.object({ action: z.literal('revoked'), sender: z.object({ id: z.int().positive() }) });

/** @param key the app's webhook secret */
export function readGithubSignal(signal: InboundSignal, key: string): SignalMeaning {
  const signature = header(signal, 'x-hub-signature-256')?.replace(/^sha256=/, '');
  if (!isHmac(signature, key, signal.body)) return refused;
  if (header(signal, 'x-github-event') !== 'github_app_authorization') return nothing;
  const parsed = parseBody(signal, revoked);
  return parsed ? { kind: 'ended', accountIds: [String(parsed.sender.id)] } : nothing;
}
