/** Tells what happened to whoever listens. A log that cannot be written to never undoes what it would have told. */

import type { Connection } from '../core/connection.js';
import type { ConnectionEvent } from '../core/events.js';
import type { TenantId } from '../core/identifiers.js';
import type { Dependencies } from './dependencies.js';

/** Appends to the tenant's event log; a failure is logged and swallowed. */
export async function announce(deps: Dependencies, tenant: TenantId, event: ConnectionEvent): Promise<void> {
  try {
    await deps.store.events.append(tenant, event);
  } catch {
    deps.log.warn({ event: event.type, provider: event.provider }, 'an event could not be stored');
  }
}

/** The part that every event about a connection has. */
export function about(connection: Pick<Connection, 'userId' | 'provider' | 'account' | 'connectionId'>, at: number) {
  const { userId, provider, account, connectionId } = connection;
  return { at, userId, provider, account, connectionId };
}
