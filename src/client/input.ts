/** What JavaScript may pass although the types do not allow it: it is refused before anything is sent in its place. */

import { InvalidRequest } from '../core/errors.js';
import type { Secret } from '../core/secret.js';

/** Options, or a context. @throws {InvalidRequest} */
export function objectOf<T extends object>(field: string, given: T): T {
  if (typeof given === 'object' && given !== null) return given;
  throw new InvalidRequest(field, 'must be an object');
}

/** A token as text. Printing a `Secret` would send the text that hides it. @throws {InvalidRequest} */
export function textOf(field: string, token: string | Secret): string {
  const text: unknown = typeof token === 'object' && token !== null && 'reveal' in token ? token.reveal() : token;
  if (typeof text === 'string') return text;
  throw new InvalidRequest(field, 'must be the token, as a Secret or as text');
}

/** Scopes in a query. @throws {InvalidRequest} */
export function scopesIn(scopes: readonly string[] | undefined): string | undefined {
  if (scopes === undefined || Array.isArray(scopes)) return scopes?.join(' ');
  throw new InvalidRequest('scopes', 'must be a list');
}

/** The headers that say what a token is for; `fetch` has words of its own for what no header may hold. @throws {InvalidRequest} */
export function purposeIn(purpose: string | undefined): Record<string, string> {
  if (purpose === undefined) return {};
  if (typeof purpose === 'string' && /^[\x20-\x7e]{0,200}$/.test(purpose)) return { 'x-purpose': purpose };
  throw new InvalidRequest('purpose', 'must be at most 200 printable ASCII characters');
}
