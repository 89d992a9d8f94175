/** Tells what happened to whoever listens. A log that cannot be written to never undoes what it would have told. */

import type { Connection } from '../core/connection.js';
import type { ConnectionEvent } from '../core/events.js';
import type { ProviderId, TenantId } from '../core/identifiers.js';
import type { Dependencies } from './dependencies.js';

/** Appends to the tenant's event log; a failure is logged and swallowed. */
export async function announce(deps: Dependencies, tenant: TenantId, event: ConnectionEvent): Promise<void> {
  const { type, provider } = event;
  if (type.startsWith('connection.')) deps.meter?.connectionChanged({ type, provider: providerLabel(deps, provider) });
  try {
    await deps.store.events.append(tenant, event);
  } catch {
    deps.log.warn({ event: event.type, provider: event.provider }, 'an event could not be stored');
  }
}

/** The provider as figures name it: those that nobody configured share one name, or there would be no end of them. */
export function providerLabel(deps: Dependencies, provider: ProviderId): string {
  return deps.providers.find(provider) === undefined ? 'discovered' : provider;
}

/** The part that every event about a connection has. */
export function about(connection: Pick<Connection, 'userId' | 'provider' | 'account' | 'connectionId'>, at: number) {
  const { userId, provider, account, connectionId } = connection;
  return { at, userId, provider, account, connectionId };
}
