/** Reads answers of the service by hand, without a library; a missing or wrong field is named in the error. */

import { UnexpectedAnswer } from './errors.js';

/** A JSON object whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads a value as an object. */
export function fieldsOf(value: unknown): Fields {
  if (isFields(value)) return value;
  throw new UnexpectedAnswer('the body is no JSON object');
}

/** Whether a value is a JSON object; an array or null is not. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A required text. @throws {UnexpectedAnswer} naming the field, as all readers below do */
export function text(fields: Fields, name: string): string {
  return optionalText(fields, name) ?? refuse(name);
}

/** A text; `undefined` where the field is absent or null. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : refuse(name);
}

/** Texts by name; `undefined` where the field is absent or null. */
export function optionalTextMap(fields: Fields, name: string): Readonly<Record<string, string>> | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  const entries = fieldsOf(value);
  return Object.fromEntries(Object.keys(entries).map((key) => [key, text(entries, key)]));
}

/** A required number, in the unit of the wire. */
export function number(fields: Fields, name: string): number {
  return optionalNumber(fields, name) ?? refuse(name);
}

/** A number in the unit of the wire; `undefined` where the field is absent or null. */
export function optionalNumber(fields: Fields, name: string): number | undefined {
  const value = fields[name] ?? undefined;
  return value === undefined || typeof value === 'number' ? value : refuse(name);
}

/** Epoch seconds on the wire, epoch ms inside. */
export function time(fields: Fields, name: string): number {
  return number(fields, name) * 1000;
}

/** Epoch seconds on the wire, epoch ms inside; `undefined` where the field is absent or null. */
export function optionalTime(fields: Fields, name: string): number | undefined {
  const seconds = optionalNumber(fields, name);
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A required array, whose entries are not checked yet. */
export function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  return Array.isArray(value) ? value : refuse(name);
}

/** A required array of texts; one entry of another type makes it invalid. */
export function texts(fields: Fields, name: string): readonly string[] {
  return list(fields, name).map((value) => (typeof value === 'string' ? value : refuse(name)));
}

function refuse(name: string): never {
  throw new UnexpectedAnswer(`${name} is missing or of another kind`);
}
