/** Walks everything that is sealed, record by record: to change keys, to check, to count. */

import { expiringRecordSchemas, type Purpose } from '../core/connect.js';
import { StoredTokenUnreadable } from '../core/errors.js';
import type { OwnerKey } from '../core/identifiers.js';
import type { StorageEngine, Walked } from './engine.js';
import { fieldKind } from './field-names.js';
import {
  parseAuditEntries,
  parseConnection,
  parseDocument,
  parseEvents,
  parseExpiring,
  parseGrant,
} from './records.js';
import { documentSeal } from './sealed-documents.js';
import { expiringSeal } from './sealed-expiring.js';
import { fieldSeal } from './sealed-fields.js';

/** Kinds of sealed records. The last three expire by themselves and are never rewritten. */
export type SealedKind = 'connection' | 'grant' | 'document' | 'short_lived' | 'event' | 'audit';

/** One sealed record and what can be done with it. */
export interface SealedRecord {
  readonly kind: SealedKind;
  /** Names the place for an operator; it reveals no user and no secret. */
  readonly where: string;
  readonly sealed: Buffer;
  /** What its seal is bound to. */
  readonly associated: string;
  /** Reads what was sealed. @throws {StoredTokenUnreadable} it does not fit its format */
  parse(plaintext: Buffer): unknown;
  /** Writes the same under another seal, if the record is unchanged; absent for records that expire by themselves. */
  readonly exchange?: (sealed: Buffer) => Promise<boolean>;
  /** Removes the record. An entry in the due index then points at nothing, and is dropped when it is due. */
  remove(): Promise<unknown>;
}

/** The logs by the first part of their names. */
const logKinds = {
  events: { kind: 'event', parse: everyOne(parseEvents) },
  audit: { kind: 'audit', parse: everyOne(parseAuditEntries) },
} as const;

/** Other readers of a log skip an entry of unknown form; a check of every record reports it. */
function everyOne(parse: (bytes: Buffer) => readonly unknown[]): (bytes: Buffer) => readonly unknown[] {
  return (bytes) => {
    const entries = parse(bytes);
    if (!entries.includes(undefined)) return entries;
    throw new StoredTokenUnreadable('A stored entry is of a kind that this version does not know.');
  };
}

const entriesPerRead = 500;
const ownersPerRead = 32;

/** Everything of one owner, as it was read. */
export interface OwnerWithFields extends Awaited<ReturnType<StorageEngine['readOwner']>> {
  readonly engine: StorageEngine;
  readonly owner: OwnerKey;
}

/** Walks all sealed records. A record that exists all the while is met at least once. @throws {StoreUnavailable} */
export async function* walkSealedRecords(engine: StorageEngine): AsyncGenerator<SealedRecord> {
  for await (const owner of walkOwners(engine)) yield* fieldsOf(owner);
  for await (const collection of walkNames(engine, 'collections')) yield* documentsOf(engine, collection);
  for await (const key of walkNames(engine, 'expiring')) yield* shortLived(engine, key);
  for await (const log of walkNames(engine, 'logs')) yield* entriesOf(engine, log);
}

/** All names of a kind. */
export async function* walkNames(engine: StorageEngine, what: Walked): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const { names, next } = await engine.walk(what, cursor);
    yield* names;
    cursor = next;
  } while (cursor !== undefined);
}

/** All owners with their fields, read ahead because a distant store would take long for one at a time. */
export async function* walkOwners(engine: StorageEngine): AsyncGenerator<OwnerWithFields> {
  const names: string[] = [];
  const readAll = () =>
    Promise.all(
      names.splice(0).map(async (name) => {
        const owner = name as OwnerKey; // the name of an owner is its key
        return { engine, owner, ...(await engine.readOwner(owner)) };
      }),
    );
  for await (const name of walkNames(engine, 'owners')) {
    if (names.push(name) === ownersPerRead) yield* await readAll();
  }
  yield* await readAll();
}

function* fieldsOf({ engine, owner, fields }: OwnerWithFields): Generator<SealedRecord> {
  for (const [field, { version, bytes }] of fields) {
    const kind = fieldKind(field);
    if (kind === undefined) continue;
    yield {
      kind,
      where: `owner ${owner}, field ${field}`,
      sealed: bytes,
      associated: fieldSeal({ owner, field }, version),
      parse: kind === 'grant' ? parseGrant : parseConnection,
      exchange: async (sealed) => (await engine.exchangeField(owner, field, { version, bytes: sealed })) === 'stored',
      remove: () => engine.writeFields(owner, [{ field, expect: version }]),
    };
  }
}

async function* documentsOf(engine: StorageEngine, collection: string): AsyncGenerator<SealedRecord> {
  if (collection.startsWith('.')) return; // the store's own, which are not sealed
  for (const [key, sealed] of await engine.listDocuments(collection)) {
    yield {
      kind: 'document',
      where: `document ${collection}/${key}`,
      sealed,
      associated: documentSeal(collection, key),
      parse: parseDocument,
      exchange: (next) => engine.exchangeDocument(collection, key, { known: sealed, next }),
      remove: () => engine.removeDocument(collection, key),
    };
  }
}

async function* shortLived(engine: StorageEngine, key: string): AsyncGenerator<SealedRecord> {
  const purpose = key.slice(0, key.indexOf('/'));
  if (!isPurpose(purpose)) return; // counts and leases are not sealed
  const sealed = await engine.getExpiring(key);
  if (!sealed) return;
  yield {
    kind: 'short_lived',
    where: `short-lived ${key}`,
    sealed,
    associated: expiringSeal(key),
    parse: (plaintext) => parseExpiring(purpose, plaintext),
    remove: () => engine.removeExpiring(key),
  };
}

function isPurpose(text: string): text is Purpose {
  return Object.hasOwn(expiringRecordSchemas, text);
}

async function* entriesOf(engine: StorageEngine, log: string): AsyncGenerator<SealedRecord> {
  const { kind, parse } = logKinds[log.startsWith('audit/') ? 'audit' : 'events'];
  let after: string | undefined;
  for (;;) {
    const entries = await engine.readLog(log, after, entriesPerRead);
    for (const { id, bytes } of entries) {
      const remove = () => engine.removeEntry(log, id);
      yield { kind, where: `${kind} ${log} ${id}`, sealed: bytes, associated: `${kind}\n${log}`, parse, remove };
    }
    if (entries.length < entriesPerRead) return;
    after = entries.at(-1)?.id;
  }
}
