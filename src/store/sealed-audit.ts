/** Each tenant's audit trail. It holds no secret, but it tells who uses what, so it is sealed too. */

import type { StoredAuditEntry } from '../core/audit.js';
import type { TenantId } from '../core/identifiers.js';
import type { AuditStore } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { nextTogether } from './next-together.js';
import { formatAuditEntry, joinAuditEntries, parseAuditEntries } from './records.js';
import { idsUpTo, type Opened, sealedLog } from './sealed-log.js';
import type { Keyring } from './sealing.js';

/** However long entries are to be kept, a tenant has no more of them: about 400 bytes each. */
const keepMost = 1_000_000;

/** Binds the methods to an engine and a keyring. @param keepMs how long entries are kept */
export function sealedAudit(engine: StorageEngine, keyring: Keyring, keepMs: number): AuditStore {
  const log = sealedLog(engine, keyring, {
    collection: 'audit',
    label: 'audit',
    keep: { keepMs, keepMost },
    parse: parseAuditEntries,
  });
  const appends = new Map<TenantId, (entry: string) => Promise<string>>();
  /**
   * Entries that come while others are written are sealed and stored as one: 25 of the 107 µs that a token took over HTTP.
   * Whoever waits for an entry waits for all of it, and none of it is stored when it fails.
   */
  const appendTo = (tenant: TenantId) => {
    const known = appends.get(tenant);
    if (known) return known;
    const append = nextTogether(async (entries: readonly string[]) => {
      return idsUpTo(await log.append(tenant, joinAuditEntries(entries), entries.length), entries.length);
    });
    appends.set(tenant, append);
    return append;
  };
  const shown = ({ id, value }: Opened<StoredAuditEntry['entry']>): StoredAuditEntry => ({ id, entry: value });
  return {
    append: async (entry) => appendTo(entry.tenant)(formatAuditEntry(entry)),
    read: async (tenant, after, limit) => (await log.read(tenant, after, limit)).map(shown),
    readEnd: async (tenant, limit) => (await log.readEnd(tenant, limit)).map(shown),
    wait: (tenant, after, signal) => log.wait(tenant, after ?? '0', signal),
  };
}
