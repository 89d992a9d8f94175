/** Connections that end with another one, because its provider revokes more than one grant at a time. */

import type { Connection } from '../core/connection.js';
import type { RevocationOutcome } from '../core/views.js';
import type { Dependencies } from './dependencies.js';
import { disconnect } from './disconnect.js';
import { type ConnectionWish, findConnection } from './find-connection.js';

/**
 * The others of `all` (of one owner) that revoking this connection would end. Where the provider ends everything of a
 * person, those of the same account there; where of a whole workspace, all at that provider: which they belong to is not
 * known.
 */
export function siblingsOf(deps: Dependencies, one: Connection, all: readonly Connection[]): readonly Connection[] {
  const reach = deps.providers.find(one.provider)?.revocation?.reach;
  if (reach !== 'user' && reach !== 'workspace') return [];
  const others = all.filter((other) => other.provider === one.provider && other.connectionId !== one.connectionId);
  return reach === 'workspace' ? others : others.filter(({ identity }) => isSame(identity?.id, one.identity?.id));
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

/** What came of a disconnect, and which other connections (by id) the provider has ended with it. */
export interface Disconnected {
  readonly revoked: RevocationOutcome;
  readonly alsoEnded?: readonly string[];
}

/** As `disconnect`, and tells what it ended beside. Those stay in the list: they say by themselves that they are over. */
export async function disconnectAndTell(deps: Dependencies, wish: ConnectionWish): Promise<Disconnected> {
  const found = await findConnection(deps, wish);
  const records = found.kind === 'found' ? await deps.store.connections.list(wish.owner) : undefined;
  const all = records?.connections.map(({ connection }) => connection) ?? [];
  const siblings = found.kind === 'found' ? siblingsOf(deps, found.stored.connection, all) : [];
  const revoked = await disconnect(deps, wish);
  if (revoked !== 'yes' || siblings.length === 0) return { revoked };
  return { revoked, alsoEnded: siblings.map(({ connectionId }) => connectionId) };
}
