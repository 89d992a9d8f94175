/** Token bundles of other programs: JSON under Fernet, in Redis keys `<prefix>:oauth_tokens:<user>:<provider>`. */

import { isJsonObject } from '../core/json-paths.js';
import type { JsonObject } from '../core/provider.js';
import { type FernetKey, FernetRefused, openFernet } from './fernet.js';
import { type ImportedFields, ImportRefused } from './imported-token.js';

/** The pattern of the keys, for SCAN. Special characters in the prefix are escaped. */
export function legacyKeyPattern(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, '\\$&')}:oauth_tokens:*`;
}

/**
 * Opens one bundle. Missing fields are read as the other programs read them: no refresh token, `expires_at` 0 = never, no
 * scopes, type `Bearer`; numbers may be text.
 *
 * @param key names user and provider; a user id may contain colons, a provider id does not
 * @throws {ImportRefused}
 */
export function readLegacyBundle(
  { key, sealed }: { readonly key: string; readonly sealed: string },
  prefix: string,
  keys: readonly FernetKey[],
): ImportedFields {
  const name = key.slice(`${prefix}:oauth_tokens:`.length);
  const colon = name.lastIndexOf(':');
  if (colon < 1) throw new ImportRefused('the key does not name a user and a provider');
  const bundle = parseObject(open(sealed, keys));
  const provider = name.slice(colon + 1);
  if (bundle.provider !== undefined && bundle.provider !== null && bundle.provider !== provider) {
    throw new ImportRefused('the bundle is of another provider than its key');
  }
  const { access_token, refresh_token, token_type, expires_at } = bundle;
  const scopes = bundle.scopes ?? bundle.scope;
  return { user: name.slice(0, colon), provider, access_token, refresh_token, token_type, expires_at, scopes };
}

function open(sealed: string, keys: readonly FernetKey[]): string {
  try {
    return openFernet(sealed, keys).toString();
  } catch (error) {
    if (error instanceof FernetRefused) throw new ImportRefused(`the bundle cannot be opened: ${error.message}`);
    throw error;
  }
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, without the text.
  }
  throw new ImportRefused('the bundle does not hold a JSON object');
}
