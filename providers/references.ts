/** Entries with the names of variables instead of secrets, so that a configuration can be shown, compared and kept. */

import type { ProviderEntry } from './entry.js';

/** The fields of an entry that are secret. */
export const secretFields = [
  'client_secret',
  'client_private_key',
  'signal_key',
  'refresh_token',
  'access_token',
] as const;
type SecretField = (typeof secretFields)[number];

/** Replaces a secret that is in an environment variable. */
export interface SecretReference {
  readonly env: string;
}

/** `github-app` -> `GITHUB_APP`: the prefix of the names of a provider's variables. */
export function environmentPrefix(id: string): string {
  return id.toUpperCase().replaceAll('-', '_');
}

/** An entry without secrets, which may be shown. */
export type ShownEntry = Omit<ProviderEntry, SecretField> & Readonly<Partial<Record<SecretField, SecretReference>>>;

/**
 * The entries in the form of `PROVIDERS_FILE`, each secret as `{env: NAME}`. Read in an environment with those variables,
 * they give the same entries again.
 */
export function exportProviders(entries: Readonly<Record<string, ProviderEntry>>): {
  readonly providers: Readonly<Record<string, ShownEntry>>;
} {
  const shown = Object.entries(entries).map(([id, entry]) => [id, showEntry(id, entry)] as const);
  return { providers: Object.fromEntries(shown) };
}

function showEntry(id: string, entry: ProviderEntry): ShownEntry {
  const { client_secret, client_private_key, signal_key, refresh_token, access_token, ...rest } = entry;
  const given = { client_secret, client_private_key, signal_key, refresh_token, access_token };
  const references = secretFields.flatMap((field) =>
    given[field] ? [[field, { env: `${environmentPrefix(id)}_${field.toUpperCase()}` }] as const] : [],
  );
  return { ...rest, ...Object.fromEntries(references) };
}
