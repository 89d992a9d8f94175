/** A sealed log per tenant: what events and the audit trail have in common. */

import { StoredTokenUnreadable } from '../core/errors.js';
import type { TenantId } from '../core/identifiers.js';
import type { LogEntry, StorageEngine } from './engine.js';
import { hashOf } from './field-names.js';
import type { Keyring } from './sealing.js';

/** What kind of log it is, and how its entries become bytes. */
export interface LogKind<T> {
  /** First part of the log's name. */
  readonly collection: string;
  /** Bound into every seal, so that no entry opens in a log of another kind. */
  readonly label: string;
  readonly keep: { readonly keepMs: number; readonly keepMost: number };
  format(value: T): Buffer;
  parse(bytes: Buffer): T;
}

/** Entries with their ids. Reading may begin after an id, or at the end. */
export interface SealedLog<T> {
  append(tenant: TenantId, value: T): Promise<string>;
  read(tenant: TenantId, after: string | undefined, limit: number): Promise<readonly Opened<T>[]>;
  readEnd(tenant: TenantId, limit: number): Promise<readonly Opened<T>[]>;
  newest(tenant: TenantId): Promise<string>;
  wait(tenant: TenantId, after: string, signal: AbortSignal): Promise<void>;
}

/** An entry that could be opened. */
export interface Opened<T> {
  readonly id: string;
  readonly value: T;
}

/** Binds a kind of log to an engine and a keyring. */
export function sealedLog<T>(engine: StorageEngine, keyring: Keyring, kind: LogKind<T>): SealedLog<T> {
  const logOf = (tenant: TenantId) => `${kind.collection}/${hashOf(tenant)}`;

  /** An entry that cannot be opened is passed over: a reader that stops at it would never move again. */
  function open(log: string, { id, bytes }: LogEntry): Opened<T> | undefined {
    try {
      return { id, value: kind.parse(keyring.open(bytes, `${kind.label}\n${log}`)) };
    } catch (error) {
      if (error instanceof StoredTokenUnreadable) return undefined;
      throw error;
    }
  }

  const openAll = (log: string, entries: readonly LogEntry[]) =>
    entries.map((entry) => open(log, entry)).filter((opened) => opened !== undefined);

  return {
    append(tenant, value) {
      const log = logOf(tenant);
      return engine.append(log, keyring.seal(kind.format(value), `${kind.label}\n${log}`), kind.keep);
    },

    async read(tenant, after, limit) {
      const log = logOf(tenant);
      let position = after;
      for (;;) {
        const entries = await engine.readLog(log, position, limit);
        const opened = openAll(log, entries);
        if (opened.length > 0 || entries.length < limit) return opened;
        position = entries.at(-1)?.id;
      }
    },

    async readEnd(tenant, limit) {
      const log = logOf(tenant);
      return openAll(log, await engine.readLogEnd(log, limit));
    },

    newest: (tenant) => engine.newestId(logOf(tenant)),
    wait: (tenant, after, signal) => engine.waitLog(logOf(tenant), after, signal),
  };
}
