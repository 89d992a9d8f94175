/** Events to be told by webhooks. */

import type { ConnectionEvent } from '../../../src/core/events.js';
import { accountLabelSchema, providerIdSchema, userIdSchema } from '../../../src/core/identifiers.js';

/** An event about that user, on the first day of 2026. */
export function happened(
  user: string,
  type: 'connect.completed' | 'connect.progressed' = 'connect.completed',
): ConnectionEvent {
  return {
    type,
    connectId: 'cn_1',
    connectionId: 'co_1',
    at: Date.UTC(2026, 0, 1),
    userId: userIdSchema.parse(user),
    provider: providerIdSchema.parse('github'),
    account: accountLabelSchema.parse('default'),
  };
}
