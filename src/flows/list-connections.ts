/** What an owner has connected, for lists and the account page: one round trip, no refresh, no secret. */

import { type Connection, statusOf } from '../core/connection.js';
import type { Owner } from '../core/identifiers.js';
import type { ConnectionSummary } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { type ConnectionWish, findConnection } from './find-connection.js';

/** In order of provider and account. */
export async function listConnections(deps: Dependencies, owner: Owner): Promise<readonly ConnectionSummary[]> {
  const { connections, lastUsedAt } = await deps.store.connections.list(owner);
  const now = deps.now();
  return connections
    .map(({ connection }) => summaryOf(connection, { now, lastUsedAt: lastUsedAt.get(connection.connectionId) }))
    .sort((one, other) => one.provider.localeCompare(other.provider) || one.account.localeCompare(other.account));
}

/** Whether there is a connection that can give a token, by the record alone. */
export async function hasConnection(deps: Dependencies, wish: ConnectionWish): Promise<boolean> {
  const found = await findConnection(deps, wish);
  return found.kind === 'found' && statusOf(found.stored.connection, deps.now()) === 'active';
}

function summaryOf(connection: Connection, at: { now: number; lastUsedAt: number | undefined }): ConnectionSummary {
  const { connectionId, provider, account, identity, tokenSet, connectedAt } = connection;
  return {
    connectionId,
    provider,
    account,
    identity,
    scope: tokenSet.scope,
    status: statusOf(connection, at.now),
    expiresAt: tokenSet.expiresAt,
    hasRefreshToken: tokenSet.refreshToken !== undefined,
    connectedAt,
    lastUsedAt: at.lastUsedAt,
  };
}
