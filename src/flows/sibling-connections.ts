/** Connections that end with another one, because its provider revokes more than one grant at a time. */

import { type Connection, refOf, type StoredConnection } from '../core/connection.js';
import type { RevocationOutcome } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { disconnect, findRemovable } from './disconnect.js';
import type { ConnectionWish, FoundConnection } from './find-connection.js';
import type { TokenDesk } from './get-token.js';
import { providersOfClient } from './providers-of-client.js';
import { recheckSibling } from './recheck-sibling.js';

/**
 * The others of `all` (of one owner) that revoking this connection would end. If the provider ends all grants of a person,
 * those are the connections to the same account there; if it ends those of a whole workspace, all at that provider, since
 * it is not known which workspace they belong to. Provider entries of one client count as one provider.
 */
export function siblingsOf(deps: Dependencies, one: Connection, all: readonly Connection[]): readonly Connection[] {
  const reach = deps.providers.find(one.provider)?.revocation?.reach;
  if (reach !== 'user' && reach !== 'workspace') return [];
  const providers = providersOfClient(deps, one.provider);
  const others = all.filter(
    ({ provider, connectionId }) => providers.includes(provider) && connectionId !== one.connectionId,
  );
  return reach === 'workspace' ? others : others.filter(({ identity }) => isSame(identity?.id, one.identity?.id));
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

/** The outcome of a disconnect, and which other connections (by id) have ended with it. */
export interface Disconnected {
  readonly revoked: RevocationOutcome;
  readonly alsoEnded?: readonly string[];
}

/**
 * As `disconnect`. If that revoked more than the one grant, the other connections are checked before this resolves.
 * `alsoEnded` names those that ended and those that could not be checked. None of them is removed.
 */
export async function disconnectAndTell(
  desk: Pick<TokenDesk, 'deps' | 'flights'>,
  wish: ConnectionWish,
): Promise<Disconnected> {
  const { deps } = desk;
  const found = await findRemovable(deps, wish);
  const siblings = await findLivingSiblings(deps, found);
  const revoked = await disconnect(deps, wish, found);
  if (revoked !== 'yes' || siblings.length === 0) return { revoked };
  const fates = await Promise.all(siblings.map((sibling) => recheckSibling(desk, sibling)));
  const ended = siblings.filter((_sibling, index) => fates[index] !== 'alive');
  return ended.length === 0
    ? { revoked }
    : { revoked, alsoEnded: ended.map(({ connection }) => connection.connectionId) };
}

/** Those that had not ended before. */
async function findLivingSiblings(
  deps: Dependencies,
  found: FoundConnection | 'unreadable',
): Promise<readonly StoredConnection[]> {
  if (found === 'unreadable' || found.kind === 'none') return [];
  const { connection: one } = found.stored;
  const { connections } = await deps.store.connections.list(refOf(one).owner);
  const all = connections.map(({ connection }) => connection);
  const siblings = siblingsOf(deps, one, all);
  return connections.filter(
    ({ connection }) => siblings.includes(connection) && connection.state.kind !== 'needs_reauthorization',
  );
}
