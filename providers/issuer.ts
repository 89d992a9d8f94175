/** Providers that are configured with their issuer only: their metadata completes the entry. */

import { ConfigurationError } from '../src/core/errors.js';
import { type ProviderEntry, providerEntrySchema } from './entry.js';

/** The fields of the metadata that are used (RFC 8414 section 2). */
interface AdvertisedServer {
  readonly authorization_endpoint?: string | undefined;
  readonly token_endpoint: string;
  readonly revocation_endpoint?: string | undefined;
  readonly userinfo_endpoint?: string | undefined;
  readonly device_authorization_endpoint?: string | undefined;
  readonly scopes_supported?: readonly string[] | undefined;
  readonly code_challenge_methods_supported?: readonly string[] | undefined;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined;
  readonly authorization_response_iss_parameter_supported?: boolean | undefined;
}

/** Default scopes, as far as the server supports them: to learn who the person is, and to get refresh tokens. */
const usualScopes = ['openid', 'profile', 'email', 'offline_access'];

/** In order of preference, for a client with a secret. */
const secretMethods = ['client_secret_basic', 'client_secret_post'] as const;

/** Whether an entry has an issuer but no endpoints, its own or a template's. `isTemplate`: its id is in the catalogue. */
export function needsDiscovery(entry: ProviderEntry, isTemplate: boolean): entry is ProviderEntry & { issuer: string } {
  const isOwn = entry.template === undefined && !isTemplate;
  const isPlaced = entry.token_endpoint !== undefined || entry.source === 'static';
  return isOwn && !isPlaced && entry.issuer !== undefined && entry.client_id !== undefined;
}

/**
 * The entry, completed with the metadata. The entry's own fields win.
 *
 * @throws {ConfigurationError} naming provider and field: no PKCE with S256 although the entry does not set `pkce`, or
 *   something that no entry may say
 */
export function withMetadata(id: string, entry: ProviderEntry, server: AdvertisedServer): ProviderEntry {
  const needsBrowser = (entry.source ?? 'authorization_code') === 'authorization_code';
  if (needsBrowser && entry.pkce === undefined && !server.code_challenge_methods_supported?.includes('S256')) {
    const problem = 'must be set: the issuer does not say that it takes PKCE with S256';
    throw new ConfigurationError([{ name: `${id}.pkce`, problem }]);
  }
  const scopes = usualScopes.filter((token) => server.scopes_supported?.includes(token));
  const advertised = {
    authorization_endpoint: server.authorization_endpoint,
    token_endpoint: server.token_endpoint,
    revocation_endpoint: server.revocation_endpoint,
    userinfo_endpoint: server.userinfo_endpoint,
    device_authorization_endpoint: server.device_authorization_endpoint,
    authorization_response_iss_parameter_supported: server.authorization_response_iss_parameter_supported,
    token_endpoint_auth_method: methodOf(entry, server.token_endpoint_auth_methods_supported),
    scopes: needsBrowser ? scopes : undefined,
  };
  const known = Object.fromEntries(Object.entries(advertised).filter(([, value]) => value !== undefined));
  const parsed = providerEntrySchema.safeParse({ ...known, ...entry });
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues.map(({ path, message }) => ({ name: [id, ...path].join('.'), problem: message })),
  );
}

/** RFC 8414: without a list, the server supports `client_secret_basic`. */
function methodOf(entry: ProviderEntry, supported: readonly string[] = ['client_secret_basic']) {
  if (entry.client_private_key) return 'private_key_jwt';
  if (!entry.client_secret) return 'none';
  return secretMethods.find((method) => supported.includes(method)) ?? 'client_secret_basic';
}
