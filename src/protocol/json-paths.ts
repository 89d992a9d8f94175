/** Reads values out of answers by dotted paths. */

import { isJsonObject } from './dialects.js';

/** What stands at the path; `undefined` when a step of it does not exist. */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Text, or a whole number as text; a number too large for JSON's readers is nothing, for it may be another's. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The text at a path, cut to `most` characters. */
export function shortTextAt(body: unknown, path: string | undefined, most: number): string | undefined {
  return path === undefined ? undefined : textOf(valueAt(body, path))?.slice(0, most);
}
