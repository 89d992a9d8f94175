/** Fields of owners: compare-and-set writes, marks, claims. Each has a row, and rows of one owner are adjacent. */

import type { OwnerKey } from '../../core/identifiers.js';
import type { FieldChange, FoundField, KnownField, OwnerFields, Versioned } from '../engine.js';
import { fingerprintOf, hasFingerprint } from '../fingerprint.js';
import type { EmbeddedDatabase } from './database.js';
import { numberBytes, numberOf, restOf, withNumber } from './numbers.js';
import type { Table } from './shared-file.js';

/** What a row holds: the field itself, its mark, its lease, or its note. */
type RowKind = 'f' | 'm' | 'l' | 'n';

const key = (owner: OwnerKey, kind: RowKind, field: string) => Buffer.from(`${owner}/${kind}/${field}`);
/** All rows of an owner: '0' is the character after '/'. */
const rowsOf = (owner: OwnerKey) => ({ start: Buffer.from(`${owner}/`), end: Buffer.from(`${owner}0`) });

const scratch: Buffer[] = [];
/** The bytes of a key, for lmdb to copy at once: with a Buffer for each read a warm one took 4.0 µs instead of 3.8. */
function scratchKey(text: string): Buffer {
  const length = Buffer.byteLength(text);
  scratch[length] ??= Buffer.allocUnsafeSlow(length);
  const bytes = scratch[length];
  bytes.write(text);
  return bytes;
}

const toVersioned = (row: Buffer): Versioned => ({ version: numberOf(row), bytes: restOf(row) });

function toFound(row: Buffer, { key, field }: Pick<KnownField, 'key' | 'field'>): FoundField {
  return { ...toVersioned(row), known: { key, field, sight: undefined, ...fingerprintOf(row, 0, row.length) } };
}

/** Binds the methods to a data file. `now` is epoch ms, and the same for all processes on the machine. */
export function ownerFields(database: EmbeddedDatabase, now: () => number): OwnerFields {
  const rows = database.table('owners');

  /** Who holds the field's lease, and for how much longer. */
  function findLease(owner: OwnerKey, field: string): { holder: string; remainingMs: number } | undefined {
    const row = rows.getBinary(key(owner, 'l', field));
    if (!row) return undefined;
    const remainingMs = numberOf(row) - now();
    return remainingMs > 0 ? { holder: restOf(row).toString(), remainingMs } : undefined;
  }

  function putLease(owner: OwnerKey, claim: { field: string; holder: string }, leaseMs: number): void {
    rows.put(key(owner, 'l', claim.field), withNumber(now() + leaseMs, Buffer.from(claim.holder)));
  }

  /** A lease that has expired is still its holder's until somebody else takes it. */
  function endLease(owner: OwnerKey, claim: { field: string; holder: string }): boolean {
    const row = rows.getBinary(key(owner, 'l', claim.field));
    if (!row || restOf(row).toString() !== claim.holder) return false;
    rows.remove(key(owner, 'l', claim.field));
    return true;
  }

  return {
    readField: (owner, field) =>
      database.read(() => {
        const row = rows.getBinary(key(owner, 'f', field));
        return row && toVersioned(row);
      }),

    findField: (owner, field) =>
      database.read(() => {
        const row = rows.getBinary(key(owner, 'f', field));
        return row && toFound(row, { key: `${owner}/f/${field}`, field });
      }),

    readUnlessSame: (known, make) => {
      const found = database.read(() => {
        // A view of lmdb's own memory, valid until the next read, so that unchanged bytes are not copied.
        const row = rows.getBinaryFast(scratchKey(known.key));
        if (row === undefined) return undefined;
        if (known.to === row.length && hasFingerprint(row, known)) return 'same';
        return toFound(Buffer.from(row.subarray(0, row.length)), known);
      });
      return found.then(make);
    },

    readOwner: (owner) => database.read(() => readOwnerRows(rows, owner)),

    writeFields: (owner, changes, finishes) =>
      database.write(() => {
        if (!changes.every((change) => holds(rows, owner, change))) return 'moved';
        for (const change of changes) {
          apply(rows, owner, change);
          // A live lease stays: its holder may be about to send the same refresh token, which may be stored again soon.
          if (!change.next && !findLease(owner, change.field)) rows.remove(key(owner, 'l', change.field));
        }
        if (finishes) endLease(owner, finishes);
        return 'stored';
      }),

    exchangeField: (owner, field, next) =>
      database.write(() => {
        const row = rows.getBinary(key(owner, 'f', field));
        if (!row || numberOf(row) !== next.version) return 'moved';
        rows.put(key(owner, 'f', field), withNumber(next.version, next.bytes));
        return 'stored';
      }),

    eraseOwner: (owner) =>
      database.write(() => {
        const { fields } = readOwnerRows(rows, owner);
        for (const row of [...rows.getKeys(rowsOf(owner))]) rows.remove(row);
        return fields;
      }),

    mark: (owner, field, value) =>
      database.write(() => {
        if (rows.doesExist(key(owner, 'f', field))) rows.put(key(owner, 'm', field), numberBytes(value));
      }),

    claimField: (owner, claim) =>
      database.write(() => {
        const row = rows.getBinary(key(owner, 'f', claim.field));
        if (!row || numberOf(row) !== claim.version) return { kind: 'moved' };
        const lease = findLease(owner, claim.field);
        if (lease && lease.holder !== claim.holder) return { kind: 'busy', remainingMs: lease.remainingMs };
        putLease(owner, claim, claim.leaseMs);
        const previousNote = rows.getBinary(key(owner, 'n', claim.field));
        if (!previousNote || claim.replaceNote) rows.put(key(owner, 'n', claim.field), claim.note);
        return previousNote ? { kind: 'claimed', previousNote } : { kind: 'claimed' };
      }),

    renewClaim: (owner, claim, leaseMs) =>
      database.write(() => {
        if (findLease(owner, claim.field)?.holder !== claim.holder) return false;
        putLease(owner, claim, leaseMs);
        return true;
      }),

    releaseClaim: (owner, claim, endNote) =>
      database.write(() => {
        if (endLease(owner, claim) && endNote) rows.remove(key(owner, 'n', claim.field));
      }),

    readNote: (owner, field) => database.read(() => rows.getBinary(key(owner, 'n', field))),
  };
}

function readOwnerRows(rows: Table, owner: OwnerKey) {
  const fields = new Map<string, Versioned>();
  const marks = new Map<string, number>();
  for (const { key: rowKey, value } of rows.getRange(rowsOf(owner))) {
    const name = rowKey.toString().slice(owner.length + 1);
    if (name.startsWith('f/')) fields.set(name.slice(2), toVersioned(Buffer.from(value)));
    if (name.startsWith('m/')) marks.set(name.slice(2), numberOf(value));
  }
  return { fields, marks };
}

function holds(rows: Table, owner: OwnerKey, change: FieldChange): boolean {
  if (change.expect === 'any') return true;
  const row = rows.getBinary(key(owner, 'f', change.field));
  return change.expect === 'absent' ? row === undefined : row !== undefined && numberOf(row) === change.expect;
}

function apply(rows: Table, owner: OwnerKey, { field, next, keepsNote }: FieldChange): void {
  if (!keepsNote) rows.remove(key(owner, 'n', field));
  if (next) {
    rows.put(key(owner, 'f', field), withNumber(next.version, next.bytes));
  } else {
    for (const kind of ['f', 'm'] as const) rows.remove(key(owner, kind, field));
  }
}
