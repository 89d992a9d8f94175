/** Stored JSON in and out: what does not fit is `StoredTokenUnreadable`, and its content is never quoted. */

import { z } from 'zod';
import { StoredTokenUnreadable } from '../core/errors.js';
import { isPacked, packText, unpackText } from './packed-text.js';

/** JSON as bytes. */
export function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** JSON of a record that holds tokens, in fewer bytes. */
export function toPackedBytes(value: unknown): Buffer {
  return packText(JSON.stringify(value));
}

/** The plain object of a record: each `Secret` in it becomes text, so pass it to nothing but a seal. */
export function encodeRecord<T>(schema: z.ZodType<T>, record: T): unknown {
  return z.encode(schema, record);
}

/** Reads JSON of a stored shape. @throws {StoredTokenUnreadable} */
export function parseStored<T>(schema: z.ZodType<T>, bytes: Buffer): T {
  return parseRecord(schema, parseJson(bytes));
}

/** Checks an object that was read; secrets in it become `Secret`s. @throws {StoredTokenUnreadable} */
export function parseRecord<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new StoredTokenUnreadable('A stored record has a shape that this version cannot read.');
  return parsed.data;
}

/** The object without the properties that are `undefined`. */
export function present<T extends object>(object: T): T {
  for (const key of Object.keys(object)) {
    if (Reflect.get(object, key) === undefined) Reflect.deleteProperty(object, key);
  }
  return object;
}

/** Reads JSON of any shape, packed or not. @throws {StoredTokenUnreadable} */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(isPacked(bytes) ? unpackText(bytes) : bytes.toString('utf8'));
  } catch {
    throw new StoredTokenUnreadable('A stored record is not JSON.');
  }
}
