/** Connections and awaiting grants of owners, sealed, over any engine. */

import { nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { type ConnectionRef, type Owner, type OwnerKey, ownerKeyOf } from '../core/identifiers.js';
import type {
  BeginRefresh,
  ConnectionStore,
  OwnerChange,
  OwnerRecords,
  RefreshIntent,
  StoredGrant,
} from '../core/store.js';
import type { FieldChange, StorageEngine, Versioned } from './engine.js';
import { connectionFieldOf, dueMemberOf, fieldKind, grantFieldOf } from './field-names.js';
import { FoundConnections } from './found-connections.js';
import { formatIntent, parseIntent } from './records.js';
import { openConnection, openGrant, type Place, sealConnection, sealGrant } from './sealed-fields.js';
import { walkOwners } from './sealed-records.js';
import type { Keyring } from './sealing.js';

/** Where a connection stands. */
export function placeOf(ref: ConnectionRef): Place {
  return { owner: ownerKeyOf(ref.owner), field: connectionFieldOf(ref) };
}

/** Settings beside engine and keyring. */
export interface SealedConnectionOptions {
  /** Epoch ms; only used for the generations of grants. */
  readonly now: () => number;
  /** For how many users opened connections may be reused while their sealed bytes are unchanged. */
  readonly keepOpened: number;
}

/** Binds the methods to an engine and a keyring. */
export function sealedConnections(
  engine: StorageEngine,
  keyring: Keyring,
  { now, keepOpened }: SealedConnectionOptions,
): ConnectionStore {
  const found = new FoundConnections(engine, keyring, keepOpened);
  return {
    find: (ref) => found.find(ref),

    async list(owner) {
      const key = ownerKeyOf(owner);
      const { fields, marks } = await engine.readOwner(key);
      return openAll(keyring, key, fields, marks);
    },

    async *walk() {
      for await (const { owner, fields, marks } of walkOwners(engine)) yield openAll(keyring, owner, fields, marks);
    },

    write(owner, changes, finishes) {
      const { tenant, userId } = owner;
      const key = ownerKeyOf(owner);
      const fieldChanges = changes.map((change) => toFieldChange(keyring, { tenant, userId, key }, change, now()));
      for (const change of changes) forgetReplaced(found, owner, change);
      const claim = finishes && { field: connectionFieldOf(finishes.ref), holder: finishes.holder };
      return engine.writeFields(key, fieldChanges, claim);
    },

    async erase(owner) {
      const key = ownerKeyOf(owner);
      const fields = await engine.eraseOwner(key);
      found.forgetAll(owner);
      const unschedule = (field: string) => engine.unschedule(dueMemberOf(key, field));
      // What was removed is answered in any case. An entry that stays in the due index is dropped when it is due.
      await Promise.allSettled([...fields.keys()].map(unschedule));
      return openAll(keyring, key, fields, new Map());
    },

    markUsed(ref, at) {
      const { owner, field } = placeOf(ref);
      return engine.mark(owner, field, at);
    },

    beginRefresh: (ref, intent, lease) => beginRefresh(engine, placeOf(ref), intent, lease),

    renewRefresh(ref, holder, leaseMs) {
      const { owner, field } = placeOf(ref);
      return engine.renewClaim(owner, { field, holder }, leaseMs);
    },

    endRefresh(ref, holder, spent) {
      const { owner, field } = placeOf(ref);
      return engine.releaseClaim(owner, { field, holder }, spent === 'no');
    },

    async findIntent(ref) {
      const { owner, field } = placeOf(ref);
      const note = await engine.readNote(owner, field);
      return note && parseIntent(note);
    },
  };
}

function forgetReplaced(found: FoundConnections, owner: Owner, change: OwnerChange): void {
  if (change.kind === 'put_connection') found.forget({ ...refOf(change.connection), owner });
  if (change.kind === 'remove_connection') found.forget({ ...change.ref, owner });
}

async function beginRefresh(
  engine: StorageEngine,
  place: Place,
  intent: RefreshIntent,
  lease: { readonly ms: number; readonly replaces?: boolean },
): Promise<BeginRefresh> {
  const outcome = await engine.claimField(place.owner, {
    field: place.field,
    holder: intent.holder,
    version: intent.generation,
    leaseMs: lease.ms,
    note: formatIntent(intent),
    replaceNote: lease.replaces ?? false,
  });
  if (outcome.kind !== 'claimed') return outcome;
  return outcome.previousNote ? { kind: 'begun', previous: parseIntent(outcome.previousNote) } : { kind: 'begun' };
}

function toFieldChange(
  keyring: Keyring,
  owner: Owner & { readonly key: OwnerKey },
  change: OwnerChange,
  now: number,
): FieldChange {
  switch (change.kind) {
    case 'put_connection': {
      const { connection, generation, expect, keepsIntent: keepsNote = false } = change;
      refuseForeign(owner, connection);
      const place = { owner: owner.key, field: connectionFieldOf(connection) };
      return {
        field: place.field,
        expect,
        next: sealConnection(keyring, place, { connection, generation }),
        keepsNote,
      };
    }
    case 'remove_connection':
      return { field: connectionFieldOf(change.ref), expect: change.expect };
    case 'put_grant': {
      const { grant, expect } = change;
      refuseForeign(owner, grant.connection);
      const place = { owner: owner.key, field: grantFieldOf(change.connectId) };
      const generation = nextGeneration(expect === 'absent' ? undefined : expect, now);
      return { field: place.field, expect, next: sealGrant(keyring, place, grant, generation) };
    }
    case 'remove_grant':
      return { field: grantFieldOf(change.connectId), expect: change.expect };
  }
}

/** A record that names another owner than the one it is stored under could be handed to the wrong person. */
function refuseForeign(owner: Owner, record: Owner): void {
  if (record.tenant !== owner.tenant || record.userId !== owner.userId) {
    throw new TypeError('The record belongs to another owner.');
  }
}

function openAll(
  keyring: Keyring,
  owner: OwnerKey,
  fields: ReadonlyMap<string, Versioned>,
  marks: ReadonlyMap<string, number>,
): OwnerRecords {
  const connections: StoredConnection[] = [];
  const awaiting: StoredGrant[] = [];
  const lastUsedAt = new Map<string, number>();
  const unreadable: { field: string; error: Error }[] = [];
  for (const [field, found] of [...fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
    try {
      if (fieldKind(field) === 'grant') awaiting.push(openGrant(keyring, { owner, field }, found));
      if (fieldKind(field) !== 'connection') continue;
      const stored = openConnection(keyring, { owner, field }, found);
      connections.push(stored);
      const usedAt = marks.get(field);
      if (usedAt !== undefined) lastUsedAt.set(stored.connection.connectionId, usedAt);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      unreadable.push({ field, error });
    }
  }
  return { connections, awaiting, lastUsedAt, unreadable };
}
