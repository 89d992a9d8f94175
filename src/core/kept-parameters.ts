/** What a provider says beside its tokens and a connection needs later: a company, a shop, a host. */

import { textOf, valueAt } from './json-paths.js';
import type { JsonObject, Provider } from './provider.js';

/** The longest value that is kept beside a connection. */
const longestKept = 512;

/**
 * What the provider wants kept with a connection (`keepFromCallback`, `keepFromResponse`), as far as it is there and is
 * short text without control characters. Not secret: it names a company, shop or host.
 */
export function keptParameters(
  { keepFromCallback = {}, keepFromResponse = {} }: Provider,
  from: { readonly callback?: URLSearchParams | undefined; readonly answer?: JsonObject | undefined },
): Readonly<Record<string, string>> {
  const told = Object.entries(keepFromCallback).map(([name, key]) => [name, from.callback?.get(key)] as const);
  const answered = Object.entries(keepFromResponse).map(
    ([name, path]) => [name, textOf(valueAt(from.answer, path))] as const,
  );
  return Object.fromEntries([...told, ...answered].flatMap(([name, value]) => (isKept(value) ? [[name, value]] : [])));
}

function isKept(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestKept && /^[\x20-\x7e]+$/.test(value);
}
