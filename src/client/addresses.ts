/** Addresses of the HTTP API below `/v1`, encoded. */

import { InvalidRequest } from '../core/errors.js';

/** The path of a user. @throws {InvalidRequest} as {@link segmentOf} */
export function userPath(userId: string): string {
  return `/users/${segmentOf('userId', userId)}`;
}

/** The path of a user's token at a provider. @throws {InvalidRequest} as {@link segmentOf} */
export function tokenPath(userId: string, provider: string): string {
  return `${userPath(userId)}/tokens/${segmentOf('provider', provider)}`;
}

/**
 * A name as one part of a path. URL parsers remove `.` and `..`, even if escaped (WHATWG URL, path state), which would make
 * it another call.
 *
 * @param field what the caller calls the name
 * @throws {InvalidRequest} it is one of these, empty, no text (all users without an id would be the user `undefined`), or not
 *   well-formed Unicode
 */
export function segmentOf(field: string, name: string): string {
  if (typeof name !== 'string') throw new InvalidRequest(field, 'must be text');
  if (/^\.{0,2}$/.test(name)) throw new InvalidRequest(field, 'must not be empty, "." or "..": no path can hold that');
  try {
    return encodeURIComponent(name);
  } catch {
    throw new InvalidRequest(field, 'must be well-formed Unicode');
  }
}

/** A query with its question mark; empty without parameters. @throws {InvalidRequest} a value that is neither text nor a number */
export function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new InvalidRequest(name, 'must be text or a number');
    query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}
