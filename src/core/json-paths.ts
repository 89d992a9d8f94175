/** Reads values out of answers by paths: dotted, or those of RFC 9535 that lead to a single place. */

import type { JsonObject } from './provider.js';

const steps = /\[(?:'([^']*)'|"([^"]*)")\]|([^.[\]]+)/g;

/**
 * What stands at the path; `undefined` when a step of it does not exist.
 *
 * @param path `user.id`, `emails[0].value`, `emails.0.value`, `['a.b']`, each also after `$` or `$.`
 */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const [, single, double, plain] of path.replace(/^\$(?=[.[])/, '').matchAll(steps)) {
    value = stepInto(value, single ?? double ?? plain ?? '');
  }
  return value;
}

function stepInto(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Whether a value is an object with named members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text, or a whole number as text. A number beyond 2^53 gives nothing: `JSON.parse` may have made it another account's. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The text at a path, cut to `most` characters. */
export function shortTextAt(body: unknown, path: string | undefined, most: number): string | undefined {
  return path === undefined ? undefined : textOf(valueAt(body, path))?.slice(0, most);
}
