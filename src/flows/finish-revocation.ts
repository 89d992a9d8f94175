/** Finishes a removal that a process began before it died: what is gone from the store is revoked. */

import { refOf } from '../core/connection.js';
import type { OwnerRecords } from '../core/store.js';
import type { Dependencies } from './dependencies.js';
import { clearLeftPlace, concludeLeftRemoval } from './disconnect.js';
import { concludeEnd } from './end-grant.js';
import { type OpenRevocation, type Removed, takeOver } from './open-revocations.js';
import { providersOfClient } from './providers-of-client.js';

/** One process does it, however many try. If a record cannot be read, it may be the one to remove: then it waits. */
export async function finishRevocation(
  deps: Dependencies,
  [id, { connection, connectId, leftAt, isTold }]: readonly [string, OpenRevocation],
): Promise<void> {
  if (deps.now() < leftAt) return;
  const records = await deps.store.connections.list(refOf(connection).owner);
  if (records.unreadable.length > 0) return;
  await takeOver(deps, id, async () => {
    if (isThere({ connection, connectId }, records)) return;
    if (isTold) await clearLeftPlace(deps, connection);
    else if (connectId === undefined) await concludeLeftRemoval(deps, connection, isAlone(deps, connection, records));
    else await concludeEnd(deps, { connectId, connection }, 'expired');
  });
}

function isAlone(deps: Dependencies, { provider }: Removed['connection'], records: OwnerRecords): boolean {
  const others = [...records.connections, ...records.awaiting.map(({ grant }) => grant)];
  const providers = providersOfClient(deps, provider);
  return !others.some(({ connection }) => providers.includes(connection.provider));
}

/** It was never removed, or it was a grant that the person has proven after all. */
function isThere({ connection: { connectionId }, connectId }: Removed, records: OwnerRecords): boolean {
  const isStored = records.connections.some(({ connection }) => connection.connectionId === connectionId);
  const isProven = records.connections.some(({ connection: { proof } }) => proof.connectId === connectId);
  const isWaiting = records.awaiting.some((grant) => grant.connectId === connectId);
  return isStored || (connectId !== undefined && (isProven || isWaiting));
}
