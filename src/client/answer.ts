/** Reads answers of the service: what is not there, or is of another kind, is said by name. No library, by hand. */

import { UnexpectedAnswer } from './errors.js';

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Takes a value for an object. */
export function fieldsOf(value: unknown): Fields {
  if (isFields(value)) return value;
  throw new UnexpectedAnswer('the body is no JSON object');
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(fields: Fields, name: string): string {
  return optionalText(fields, name) ?? refuse(name);
}

export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : refuse(name);
}

export function number(fields: Fields, name: string): number {
  return optionalNumber(fields, name) ?? refuse(name);
}

export function optionalNumber(fields: Fields, name: string): number | undefined {
  const value = fields[name] ?? undefined;
  return value === undefined || typeof value === 'number' ? value : refuse(name);
}

/** Epoch seconds on the wire, epoch ms inside. */
export function time(fields: Fields, name: string): number {
  return number(fields, name) * 1000;
}

export function optionalTime(fields: Fields, name: string): number | undefined {
  const seconds = optionalNumber(fields, name);
  return seconds === undefined ? undefined : seconds * 1000;
}

export function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  return Array.isArray(value) ? value : refuse(name);
}

export function texts(fields: Fields, name: string): readonly string[] {
  return list(fields, name).map((value) => (typeof value === 'string' ? value : refuse(name)));
}

function refuse(name: string): never {
  throw new UnexpectedAnswer(`${name} is missing or of another kind`);
}
