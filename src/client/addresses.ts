/** Addresses of the HTTP API below `/v1`, encoded. */

/** Whose things are meant; any id is fine in a path. */
export function userPath(userId: string): string {
  return `/users/${encodeURIComponent(userId)}`;
}

/** The token of a user at a provider. */
export function tokenPath(userId: string, provider: string): string {
  return `${userPath(userId)}/tokens/${encodeURIComponent(provider)}`;
}

/** A query with its question mark; empty without parameters. */
export function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}
