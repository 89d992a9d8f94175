/**
 * What is stored, as bytes before sealing: compact JSON arrays that begin with their format number. Records with tokens are
 * packed as well (packed-text.ts); every reader takes both forms.
 *
 * Additions go to the end of an array and keep its number: readers ignore elements that they do not know, and treat missing
 * ones as absent. A change of meaning gets a new number, and its own reader beside the old one.
 */

import { z } from 'zod';
import { type AuditEntry, auditEntrySchema } from '../core/audit.js';
import type { Purpose } from '../core/connect.js';
import {
  type AwaitingGrant,
  awaitingGrantSchema,
  type ExpiringRecord,
  expiringRecordSchemas,
} from '../core/connect.js';
import { type Connection, connectionSchema } from '../core/connection.js';
import { type ConnectionEvent, connectionEventSchema } from '../core/events.js';
import type { RefreshIntent } from '../core/store.js';
import { connectionTuple, given, packConnection, proofModes, unpackConnection, wireOf } from './connection-record.js';
import { encodeRecord, parseJson, parseRecord, parseStored, present, toBytes, toPackedBytes } from './stored-json.js';
import { usualAuditEntry } from './usual-audit-entry.js';
import { readUsualConnection } from './usual-connection.js';
import { usualEvent } from './usual-event.js';

const version1 = z.literal(1);
const optionalText = z.union([z.string(), z.literal(0)]).nullish();

const connectionRecord = z.tuple([version1, connectionTuple]).rest(z.unknown());
/** Connection, position of the proof mode, expiresAt, codeDigest, ended. */
const grantRecord = z
  .tuple([version1, connectionTuple, z.number().int(), z.number(), optionalText, optionalText])
  .rest(z.unknown());
/** Generation, holder, startedAt, deadline, attempt. */
const intentRecord = z.tuple([version1, z.number(), z.string(), z.number(), z.number(), z.number()]).rest(z.unknown());
/** Records that live for minutes, and documents: their object unchanged. */
const plainRecord = z.tuple([version1, z.unknown()]).rest(z.unknown());
/** One entry of a log; with number 2, all that were written together. */
const entriesRecord = z.tuple([z.union([version1, z.literal(2)]), z.unknown()]).rest(z.unknown());

/** The same schemas, typed so that a purpose leads to its record. */
const expiringSchemas: { readonly [P in Purpose]: z.ZodType<ExpiringRecord<P>> } = expiringRecordSchemas;

/**
 * Writes a connection. The schema accepts whatever the reader by hand accepts, so only the rest is passed to the schema:
 * without this, `z.encode` would take 10 of 12 µs.
 */
export function formatConnection(connection: Connection): Buffer {
  const record = [1, packConnection(wireOf(connection))];
  if (readUsualConnection(record) !== undefined) return toPackedBytes(record);
  return toPackedBytes([1, packConnection(z.encode(connectionSchema, connection))]);
}

/** Reads a connection. @throws {StoredTokenUnreadable} it does not fit its format */
export function parseConnection(bytes: Buffer): Connection {
  const json = parseJson(bytes);
  const usual = readUsualConnection(json);
  if (usual !== undefined) return usual;
  const [, tuple] = parseRecord(connectionRecord, json);
  return parseRecord(connectionSchema, unpackConnection(tuple));
}

/** Writes an awaiting grant. */
export function formatGrant(grant: AwaitingGrant): Buffer {
  const { connection, proof, expiresAt, codeDigest, ended } = z.encode(awaitingGrantSchema, grant);
  const record = [1, packConnection(connection), proofModes.indexOf(proof), expiresAt, codeDigest ?? 0, ended ?? 0];
  return toPackedBytes(record);
}

/** Reads an awaiting grant. @throws {StoredTokenUnreadable} it does not fit its format */
export function parseGrant(bytes: Buffer): AwaitingGrant {
  const [, tuple, proof, expiresAt, codeDigest, ended] = parseStored(grantRecord, bytes);
  const connection = unpackConnection(tuple);
  return parseRecord(
    awaitingGrantSchema,
    present({ connection, proof: proofModes[proof], expiresAt, codeDigest: given(codeDigest), ended: given(ended) }),
  );
}

/** Writes a refresh intent. It holds no secret and is not sealed. */
export function formatIntent(intent: RefreshIntent): Buffer {
  return toBytes([1, intent.generation, intent.holder, intent.startedAt, intent.deadline, intent.attempt]);
}

/** Reads a refresh intent. @throws {StoredTokenUnreadable} it does not fit its format */
export function parseIntent(bytes: Buffer): RefreshIntent {
  const [, generation, holder, startedAt, deadline, attempt] = parseStored(intentRecord, bytes);
  return { generation, holder, startedAt, deadline, attempt };
}

/** Writes a one-time or short-lived record. */
export function formatExpiring<P extends Purpose>(purpose: P, record: ExpiringRecord<P>): Buffer {
  return toBytes([1, encodeRecord(expiringSchemas[purpose], record)]);
}

/** Reads a one-time or short-lived record. @throws {StoredTokenUnreadable} it does not fit its format */
export function parseExpiring<P extends Purpose>(purpose: P, bytes: Buffer): ExpiringRecord<P> {
  const [, record] = parseStored(plainRecord, bytes);
  return parseRecord(expiringSchemas[purpose], record);
}

/** An event as text. Stored and in memory it has the same form, so `parse` does, in a quarter of the time of `z.encode`. */
export function formatEvent(event: ConnectionEvent): string {
  return JSON.stringify(usualEvent(event) ?? connectionEventSchema.parse(event));
}

/** One entry of the audit trail as text, as {@link formatEvent} does; an entry that does not fit the schema is a bug. */
export function formatAuditEntry(entry: AuditEntry): string {
  return JSON.stringify(usualAuditEntry(entry) ?? auditEntrySchema.parse(entry));
}

/** Writes entries of a log together, each one as made by {@link formatEvent} or {@link formatAuditEntry}. */
export function joinEntries(entries: readonly string[]): Buffer {
  return Buffer.from(`[${entries.length === 1 ? 1 : 2},${entries.join()}]`);
}

/**
 * Reads events that were written together; `undefined` stands for an event that only a later version knows.
 *
 * @throws {StoredTokenUnreadable} they are in no known format
 */
export function parseEvents(bytes: Buffer): readonly (ConnectionEvent | undefined)[] {
  return splitEntries(bytes).map((event) => connectionEventSchema.safeParse(event).data);
}

/** Reads entries of the audit trail that were written together, as {@link parseEvents} does. @throws {StoredTokenUnreadable} */
export function parseAuditEntries(bytes: Buffer): readonly (AuditEntry | undefined)[] {
  return splitEntries(bytes).map((entry) => auditEntrySchema.safeParse(entry).data);
}

function splitEntries(bytes: Buffer): readonly unknown[] {
  const [form, first, ...others] = parseStored(entriesRecord, bytes);
  return form === 1 ? [first] : [first, ...others];
}

/** Writes a document with its id, since engines know only the id's hash. */
export function formatDocument(id: string, value: unknown): Buffer {
  return toBytes([1, id, value]);
}

/** Reads a document. @throws {StoredTokenUnreadable} it does not fit its format */
export function parseDocument(bytes: Buffer): { readonly id: string; readonly value: unknown } {
  const [, id, value] = parseStored(z.tuple([version1, z.string(), z.unknown()]).rest(z.unknown()), bytes);
  return { id, value };
}
