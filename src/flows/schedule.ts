/** Puts connections and unproven grants into the due index, for the worker that looks after them. */

import type { Connection } from '../core/connection.js';
import { refOf } from '../core/connection.js';
import type { DueTarget } from '../core/store.js';
import { effectiveBufferMs } from '../core/token-set.js';
import type { Dependencies } from './dependencies.js';
import { findProvider } from './provider-of.js';

/** Refreshes of tokens that were issued together are spread over this part of the buffer. */
const jitterShare = 0.2;

/**
 * When a connection's next refresh is due, epoch ms; `undefined` when it never is. A little before the buffer begins,
 * so that callers find fresh tokens.
 */
export function refreshDueAt(connection: Connection, bufferMs: number): number | undefined {
  const { tokenSet, state } = connection;
  if (tokenSet.refreshToken === undefined || tokenSet.expiresAt === undefined) return undefined;
  if (state.kind === 'needs_reauthorization') return undefined;
  const buffer = effectiveBufferMs(tokenSet, bufferMs);
  return Math.floor(tokenSet.expiresAt - buffer * (1 + Math.random() * jitterShare));
}

/** Sets when the target is due, or takes it out. A failure is logged: then callers refresh on demand. */
export async function schedule(deps: Dependencies, target: DueTarget, dueAt: number | undefined): Promise<void> {
  try {
    if (dueAt === undefined) await deps.store.due.unschedule(target);
    else await deps.store.due.schedule(target, dueAt);
  } catch {
    deps.log.warn({ kind: target.kind }, 'the due index could not be written');
  }
}

/** Schedules the connection's next refresh. */
export async function scheduleRefresh(deps: Dependencies, connection: Connection): Promise<void> {
  const provider = await findProvider(deps, connection.provider);
  const bufferMs = provider?.refreshBufferMs ?? deps.settings.refreshBufferMs;
  return schedule(deps, { kind: 'refresh', ref: refOf(connection) }, refreshDueAt(connection, bufferMs));
}
