/**
 * An owner's fields as stored in Redis: one string, so that one GET reads any of them, and one MGET those of many owners.
 */

import type { Versioned } from '../engine.js';
import { unexpected } from './replies.js';

/*
 * Field after field: length of the name (1 byte), name (ASCII), length of the rest (4 bytes), version (8 bytes), bytes.
 * fields.lua writes it. A hash of one record took 144 bytes more, and no command reads one field of each of many hashes.
 */

/** Versions are sent and compared as 8 bytes, because Lua's numbers are doubles. */
const versionBytes = 8;
const lengthBytes = 4;

/** Writes a version. */
export function formatVersion(version: number): Buffer {
  return writeVersion(Buffer.allocUnsafe(versionBytes), version);
}

/** Reads a version. */
export function parseVersion(bytes: Buffer, at = 0): number {
  // Read as two halves: a BigInt would cost more than all the rest.
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** Writes a field's version and bytes. */
export function formatField({ version, bytes }: Versioned): Buffer {
  const stored = writeVersion(Buffer.allocUnsafe(versionBytes + bytes.length), version);
  bytes.copy(stored, versionBytes);
  return stored;
}

/** In two halves, as it is read. */
function writeVersion(place: Buffer, version: number): Buffer {
  place.writeUInt32BE(Math.floor(version / 2 ** 32));
  place.writeUInt32BE(version % 2 ** 32, 4);
  return place;
}

/** Writes all fields of an owner, as fields.lua does; to fill a store for a measurement. */
export function formatFields(fields: ReadonlyMap<string, Versioned>): Buffer {
  const parts = [...fields].flatMap(([name, field]) => {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(versionBytes + field.bytes.length);
    return [Buffer.from([name.length]), Buffer.from(name, 'latin1'), length, formatField(field)];
  });
  return Buffer.concat(parts);
}

/** One of them by name, without a copy. @throws {StoreUnavailable} the bytes are not of this format */
export function findField(stored: Buffer, name: string): Versioned | undefined {
  const place = findPlace(stored, name);
  return place && readField(stored, place);
}

/** Where the bytes of a field are. @throws {StoreUnavailable} */
export function findPlace(stored: Buffer, name: string): FieldPlace | undefined {
  for (let at = 0; at < stored.length; ) {
    const field = fieldAt(stored, at);
    if (isNamed(stored, field, name)) return field;
    at = field.end;
  }
  return undefined;
}

/** All of them by name, without a copy. @throws {StoreUnavailable} the bytes are not of this format */
export function parseFields(stored: Buffer): ReadonlyMap<string, Versioned> {
  const fields = new Map<string, Versioned>();
  for (let at = 0; at < stored.length; ) {
    const field = fieldAt(stored, at);
    fields.set(stored.toString('latin1', field.name, field.nameEnd), readField(stored, field));
    at = field.end;
  }
  return fields;
}

/** Where the parts of one field begin and end. */
export interface FieldPlace {
  readonly start: number;
  readonly name: number;
  readonly nameEnd: number;
  readonly value: number;
  readonly end: number;
}

function fieldAt(stored: Buffer, at: number): FieldPlace {
  const nameEnd = at + 1 + (stored[at] ?? 0);
  const value = nameEnd + lengthBytes;
  if (value > stored.length) throw unexpected();
  const end = value + stored.readUInt32BE(nameEnd);
  if (end > stored.length || end - value < versionBytes) throw unexpected();
  return { start: at, name: at + 1, nameEnd, value, end };
}

function isNamed(stored: Buffer, { name: start, nameEnd }: FieldPlace, name: string): boolean {
  if (nameEnd - start !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (stored[start + index] !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** The bytes of a field, without a copy. */
export function readField(stored: Buffer, { value, end }: FieldPlace): Versioned {
  return { version: parseVersion(stored, value), bytes: stored.subarray(value + versionBytes, end) };
}
