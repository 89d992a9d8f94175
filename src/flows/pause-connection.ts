/** Pausing a connection: it stays as it is and is kept alive, but nobody gets its token until the person resumes it. */

import { type Connection, nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { StoreUnavailable } from '../core/errors.js';
import { about, announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import { type ConnectionWish, findConnection } from './find-connection.js';

/** How often reading and writing are repeated when a refresh writes in between. */
const mostTries = 5;

/**
 * Pauses or resumes. Idempotent, and at once: every read after it sees it, in whichever process. A refresh under way
 * finds the generation moved and stores its answer over the paused record, which stays paused.
 *
 * @returns whether there is such a connection
 * @throws {StoreUnavailable} it may or may not have happened
 */
export async function setPaused(deps: Dependencies, wish: ConnectionWish, paused: boolean): Promise<boolean> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const found = await findConnection(deps, wish);
    if (found.kind === 'none') return false;
    if ((found.stored.connection.pausedAt !== undefined) === paused) return true;
    const changed = await write(deps, found.stored, paused);
    if (changed === undefined) continue;
    const change = paused ? 'paused' : 'resumed';
    const facts = about(changed, changed.updatedAt);
    await announce(deps, changed.tenant, { type: 'connection.updated', change, ...facts });
    return true;
  }
  throw new StoreUnavailable('The connection is being written by others all the time.');
}

/** The tokens do not change, so an intent to send the refresh token is kept (R5, R6). */
async function write(deps: Dependencies, stored: StoredConnection, paused: boolean): Promise<Connection | undefined> {
  const now = deps.now();
  const connection = { ...stored.connection, pausedAt: paused ? now : undefined, updatedAt: now };
  const generation = nextGeneration(stored.generation, now);
  const outcome = await deps.store.connections.write(refOf(connection).owner, [
    { kind: 'put_connection', connection, expect: stored.generation, generation, keepsIntent: true },
  ]);
  return outcome === 'stored' ? connection : undefined;
}
