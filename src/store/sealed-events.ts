/** Each tenant's log of events. Events hold no secrets, but they tell who uses what, so they are sealed too. */

import { type TenantId, tenantIdSchema } from '../core/identifiers.js';
import { RecentMap } from '../core/recent-map.js';
import type { EventStore } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { hashOf } from './field-names.js';
import { formatEvent, parseEvents } from './records.js';
import { sealedLog } from './sealed-log.js';
import type { Keyring } from './sealing.js';

/** A subscriber that was away longer has to read the connections again. */
const keep = { keepMs: 7 * 24 * 3_600_000, keepMost: 100_000 } as const;

/**
 * A collection of the store itself, not sealed: names of tenants say nothing of a person, and are in the configuration
 * anyway.
 */
const tenantsCollection = '.event-tenants';
/** How many tenants are remembered as noted. Noting one again does no harm. */
const mostNoted = 1_000;

/** Binds the methods to an engine and a keyring. */
export function sealedEvents(engine: StorageEngine, keyring: Keyring): EventStore {
  const log = sealedLog(engine, keyring, {
    collection: 'events',
    label: 'event',
    keep,
    parse: parseEvents,
  });
  const noted = new RecentMap<TenantId, true>(mostNoted);

  /** A log can only be found by its tenant's name, so the names are kept beside it. */
  async function noteTenant(tenant: TenantId): Promise<void> {
    await engine.createDocument(tenantsCollection, hashOf(tenant), Buffer.from(tenant));
    noted.set(tenant, true);
  }

  return {
    async append(tenant, event) {
      if (noted.get(tenant) === undefined) await noteTenant(tenant);
      return log.append(tenant, formatEvent(event));
    },
    async tenants() {
      const found = await engine.listDocuments(tenantsCollection);
      return [...found.values()].map((name) => tenantIdSchema.parse(name.toString()));
    },
    async read(tenant, after, limit) {
      return (await log.read(tenant, after, limit)).map(({ id, value }) => ({ id, event: value }));
    },
    newest: log.newest,
    wait: log.wait,
  };
}
