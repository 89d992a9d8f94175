/** What an owner has connected, for lists and the account page: no refresh, no secret. */

import { type Connection, statusOf } from '../core/connection.js';
import type { Owner } from '../core/identifiers.js';
import { isDiscoveredId } from '../core/mcp-server.js';
import type { ConnectionDetails, ConnectionSummary } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { type ConnectionWish, findConnection } from './find-connection.js';
import { findProvider } from './provider-of.js';
import { siblingsOf } from './sibling-connections.js';
import { readUses } from './usage-ledger.js';

/** In order of provider and account; one round trip. */
export async function listConnections(deps: Dependencies, owner: Owner): Promise<readonly ConnectionSummary[]> {
  const records = await deps.store.connections.list(owner);
  const connections = records.connections.map(({ connection }) => connection);
  const now = deps.now();
  const names = await namesOf(deps, connections);
  return connections
    .map((connection) => {
      const providerName = names.get(connection.provider);
      const summary = summaryOf(connection, { now, lastUsedAt: records.lastUsedAt.get(connection.connectionId) });
      const siblings = siblingsOf(deps, connection, connections);
      return {
        ...summary,
        ...(providerName !== undefined && { providerName }),
        ...(siblings.length > 0 && { endsToo: namesBeside(deps, connection, siblings) }),
      };
    })
    .sort((one, other) => one.provider.localeCompare(other.provider) || one.account.localeCompare(other.account));
}

/** Others at the same provider by their labels, others of the same client by the names of their providers. */
function namesBeside({ providers }: Dependencies, one: Connection, siblings: readonly Connection[]): readonly string[] {
  const names = siblings.map(({ provider, account }) =>
    provider === one.provider ? account : (providers.find(provider)?.displayName ?? provider),
  );
  return [...new Set(names)];
}

/** The same with who used each token: a second round trip, for all ledgers together. */
export async function describeConnections(deps: Dependencies, owner: Owner): Promise<readonly ConnectionDetails[]> {
  const connections = await listConnections(deps, owner);
  return Promise.all(
    connections.map(async (connection) => ({ connection, uses: await readUses(deps, connection.connectionId) })),
  );
}

/** The names of the servers that were discovered; those of configured providers stand in the listing. */
async function namesOf(deps: Dependencies, connections: readonly Connection[]): Promise<Map<string, string>> {
  const ids = new Set(connections.map(({ provider }) => provider).filter(isDiscoveredId));
  const found = await Promise.all([...ids].map((id) => findProvider(deps, id)));
  return new Map(found.flatMap((provider) => (provider ? [[provider.id, provider.displayName]] : [])));
}

/** Whether there is a connection that can give a token, by the record alone. */
export async function hasConnection(deps: Dependencies, wish: ConnectionWish): Promise<boolean> {
  const found = await findConnection(deps, wish);
  return found.kind === 'found' && statusOf(found.stored.connection, deps.now()) === 'active';
}

function summaryOf(connection: Connection, at: { now: number; lastUsedAt: number | undefined }): ConnectionSummary {
  const { connectionId, provider, account, identity, tokenSet, connectedAt, pausedAt } = connection;
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
    ...(pausedAt !== undefined && { pausedAt }),
    lastUsedAt: at.lastUsedAt,
  };
}
