/** Each tenant's log of events. Events hold no secret, but they tell who uses what, so they are sealed too. */

import { StoredTokenUnreadable } from '../core/errors.js';
import type { StoredEvent } from '../core/events.js';
import type { TenantId } from '../core/identifiers.js';
import type { EventStore } from '../core/store.js';
import type { LogEntry, StorageEngine } from './engine.js';
import { hashOf } from './field-names.js';
import { formatEvent, parseEvent } from './records.js';
import type { Keyring } from './sealing.js';

/** A subscriber that was away longer has to read the connections anew. */
const keep = { keepMs: 7 * 24 * 3_600_000, keepMost: 100_000 } as const;

/** Binds the methods to an engine and a keyring. */
export function sealedEvents(engine: StorageEngine, keyring: Keyring): EventStore {
  const logOf = (tenant: TenantId) => `events/${hashOf(tenant)}`;

  /** An event that cannot be opened is passed over: a stream that stops at it would never move again. */
  function open(log: string, { id, bytes }: LogEntry): StoredEvent | undefined {
    try {
      return { id, event: parseEvent(keyring.open(bytes, `event\n${log}`)) };
    } catch (error) {
      if (error instanceof StoredTokenUnreadable) return undefined;
      throw error;
    }
  }

  return {
    append(tenant, event) {
      const log = logOf(tenant);
      return engine.append(log, keyring.seal(formatEvent(event), `event\n${log}`), keep);
    },

    async read(tenant, after, limit) {
      const log = logOf(tenant);
      let position = after;
      for (;;) {
        const entries = await engine.readLog(log, position, limit);
        const events = entries.map((entry) => open(log, entry)).filter((event) => event !== undefined);
        if (events.length > 0 || entries.length < limit) return events;
        position = entries.at(-1)?.id;
      }
    },

    newest: (tenant) => engine.newestId(logOf(tenant)),
    wait: (tenant, after, signal) => engine.waitLog(logOf(tenant), after, signal),
  };
}
