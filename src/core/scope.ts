/** Scope as a set of scope tokens (RFC 6749 section 3.3). */

/** Scope tokens in the order in which they came, without repeats once parsed. */
export type Scope = readonly string[];

/** RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Whether the text is one scope token of RFC 6749 section 3.3. */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text);
}

/**
 * Reads the scope of an answer. Providers separate by space, by comma (GitHub, Slack, Shopify) or send an array
 * (Twitch). The result is sorted and has no duplicates.
 */
export function parseScope(value: string | readonly string[]): Scope {
  const tokens = typeof value === 'string' ? value.split(/[\s,]/) : value;
  return [...new Set(tokens.filter((token) => token !== ''))].sort();
}

/** Writes a scope the way one provider wants it; the separator is a space by the RFC. */
export function formatScope(scope: Scope, separator = ' '): string {
  return scope.join(separator);
}

/** Every token that stands in any of the sets, sorted. */
export function unionScope(...scopes: readonly Scope[]): Scope {
  return [...new Set(scopes.flat())].sort();
}

/** The wanted tokens that were not granted, in the order they were wanted. */
export function missingScope(granted: Scope, wanted: Scope): Scope {
  const have = new Set(granted);
  return wanted.filter((token) => !have.has(token));
}

/** Whether every wanted token was granted. */
export function coversScope(granted: Scope, wanted: Scope): boolean {
  return missingScope(granted, wanted).length === 0;
}
