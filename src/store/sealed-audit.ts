/** Each tenant's audit trail. It holds no secrets, but it tells who uses what, so it is sealed too. */

import type { StoredAuditEntry } from '../core/audit.js';
import type { AuditStore } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { formatAuditEntry, parseAuditEntries } from './records.js';
import { type Opened, sealedLog } from './sealed-log.js';
import type { Keyring } from './sealing.js';

/** The most entries that a tenant has, however long they are to be kept: about 400 bytes each. */
const keepMost = 1_000_000;

/** Binds the methods to an engine and a keyring. @param keepMs how long entries are kept */
export function sealedAudit(engine: StorageEngine, keyring: Keyring, keepMs: number): AuditStore {
  const log = sealedLog(engine, keyring, {
    collection: 'audit',
    label: 'audit',
    keep: { keepMs, keepMost },
    parse: parseAuditEntries,
  });
  const shown = ({ id, value }: Opened<StoredAuditEntry['entry']>): StoredAuditEntry => ({ id, entry: value });
  return {
    append: async (entry) => log.append(entry.tenant, formatAuditEntry(entry)),
    read: async (tenant, after, limit) => (await log.read(tenant, after, limit)).map(shown),
    readEnd: async (tenant, limit) => (await log.readEnd(tenant, limit)).map(shown),
    wait: (tenant, after, signal) => log.wait(tenant, after ?? '', signal),
  };
}
