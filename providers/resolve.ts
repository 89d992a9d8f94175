/** Joins a template and an entry into a provider, or says what is missing. */

import { ConfigurationError } from '../src/core/errors.js';
import type { ProviderId } from '../src/core/identifiers.js';
import type {
  ClientAuthenticationMethod,
  IdentityMapping,
  Placeholder,
  Provider,
  Revocation,
} from '../src/core/provider.js';
import { fillPlaceholders, mapEndpoints } from '../src/core/provider-endpoints.js';
import { Secret } from '../src/core/secret.js';
import type { ProviderEntry } from './entry.js';
import type { ProviderTemplate } from './template.js';
import { sourceOf } from './token-source.js';

/** Lifetime of an access token without `expires_in`: that of most providers (RFC 6749 5.1 recommends to send it). */
const defaultLifetimeSeconds = 3600;

/**
 * Makes a provider. The entry's fields win over those of the template.
 *
 * @param template the catalogue's, if the entry starts from one
 * @throws ConfigurationError naming provider and every missing field
 */
export function resolveProvider(id: ProviderId, entry: ProviderEntry, template?: ProviderTemplate): Provider {
  const source = sourceOf(entry);
  const needsServer = source?.kind !== 'static';
  const authorizationEndpoint = entry.authorization_endpoint ?? template?.authorizationEndpoint;
  const tokenEndpoint = entry.token_endpoint ?? template?.tokenEndpoint;
  const missing = [
    ...(entry.client_id === undefined && needsServer ? ['client_id'] : []),
    ...(authorizationEndpoint === undefined && source === undefined ? ['authorization_endpoint'] : []),
    ...(tokenEndpoint === undefined && needsServer ? ['token_endpoint'] : []),
  ];
  if (missing.length > 0) {
    throw new ConfigurationError(missing.map((name) => ({ name: `${id}.${name}`, problem: 'is missing' })));
  }
  const provider: Provider = {
    displayName: entry.display_name ?? template?.displayName ?? id,
    ...authorizationServerOf(entry, template),
    ...requestsOf(entry, template),
    ...tokensOf(entry, template),
    ...clientOf(entry, template),
    id,
    clientId: entry.client_id ?? '',
    authorizationEndpoint: authorizationEndpoint ?? '',
    tokenEndpoint: tokenEndpoint ?? '',
    ...(source && { source }),
    // For a fixed identity every refresh asks for its scope; a person's grant keeps the scope that was granted.
    ...(source?.kind === 'refresh_token' && { refreshScope: entry.scopes ?? [] }),
  };
  return fillFixed(provider, entry, template);
}

function authorizationServerOf(entry: ProviderEntry, template: ProviderTemplate | undefined) {
  const issuer = entry.issuer ?? template?.issuer;
  const refreshEndpoint = entry.refresh_endpoint ?? (entry.token_endpoint ? undefined : template?.refreshEndpoint);
  const deviceAuthorizationEndpoint = entry.device_authorization_endpoint ?? template?.deviceAuthorizationEndpoint;
  const revocation = revocationOf(entry, template);
  return {
    issParameterSupported:
      entry.authorization_response_iss_parameter_supported ?? template?.issParameterSupported ?? false,
    identity: identityOf(entry, template),
    refusals: template?.refusals ?? [],
    unverified: template?.unverified ?? [],
    ...(template && { documentation: template.documentation }),
    ...(template?.icon && { icon: template.icon }),
    ...(template?.sites && { sites: { ...template.sites, endpoint: entry.sites_endpoint ?? template.sites.endpoint } }),
    ...(template?.keepFromCallback && { keepFromCallback: template.keepFromCallback }),
    ...(template?.keepFromResponse && { keepFromResponse: template.keepFromResponse }),
    ...(template?.callbackMatches && { callbackMatches: template.callbackMatches }),
    ...(template?.denials && { denials: template.denials }),
    ...(template?.callbackSignature && { callbackSignature: template.callbackSignature }),
    ...(template?.standardize && { standardize: template.standardize }),
    ...(template?.readIdentity && !entry.identity && { readIdentity: template.readIdentity }),
    ...(issuer !== undefined && { issuer }),
    ...(refreshEndpoint !== undefined && { refreshEndpoint }),
    ...(deviceAuthorizationEndpoint !== undefined && { deviceAuthorizationEndpoint }),
    ...(revocation && { revocation }),
    ...(template?.signals && { signals: template.signals }),
    ...(entry.signal_key && { signalKey: new Secret(entry.signal_key) }),
  };
}

function requestsOf(entry: ProviderEntry, template: ProviderTemplate | undefined) {
  return {
    pkce: pkceOf(entry.pkce ?? template?.pkce ?? 'S256'),
    tokenRequestFormat: template?.tokenRequestFormat ?? ('form' as const),
    defaultScope: entry.scopes ?? template?.defaultScope ?? [],
    scopeSeparator: entry.scope_separator ?? template?.scopeSeparator ?? ' ',
    unlistedScope: template?.unlistedScope ?? ['offline_access'],
    extraAuthorizationParameters: { ...template?.extraAuthorizationParameters, ...entry.extra_authorization_params },
    extraTokenParameters: { ...template?.extraTokenParameters, ...entry.extra_token_params },
    extraTokenHeaders: { ...template?.extraTokenHeaders, ...entry.extra_token_headers },
    ...(template?.scopeAliases && { scopeAliases: template.scopeAliases }),
    ...(entry.resource !== undefined && { resource: entry.resource }),
  };
}

function tokensOf(entry: ProviderEntry, template: ProviderTemplate | undefined) {
  const lifetime = entry.default_lifetime ?? template?.defaultLifetimeSeconds ?? defaultLifetimeSeconds;
  const grace = entry.refresh_reuse_grace ?? template?.reuseGraceSeconds;
  const refresh = template?.refreshLifetime;
  return {
    tokensExpire: entry.tokens_expire ?? template?.tokensExpire ?? true,
    defaultLifetimeMs: lifetime * 1000,
    // If unknown, the worst case: a refresh token that is sent twice ends the grant (RFC 9700 4.14.2).
    refreshReuse: entry.refresh_reuse ?? template?.refreshReuse ?? ('strict' as const),
    ...(entry.request_timeout !== undefined && { requestTimeoutMs: entry.request_timeout * 1000 }),
    ...(entry.refresh_buffer !== undefined && { refreshBufferMs: entry.refresh_buffer * 1000 }),
    ...(grace !== undefined && { reuseGraceMs: grace * 1000 }),
    ...(template?.refreshAhead === false && { refreshAhead: template.refreshAhead }),
    ...(template?.sharedChain && { sharedChain: template.sharedChain }),
    ...(refresh && { refreshLifetime: lifetimeOf(refresh) }),
  };
}

function lifetimeOf({ seconds, renewedByUse, mostSeconds }: NonNullable<ProviderTemplate['refreshLifetime']>) {
  return { ms: seconds * 1000, renewedByUse, ...(mostSeconds !== undefined && { mostMs: mostSeconds * 1000 }) };
}

function clientOf(entry: ProviderEntry, template: ProviderTemplate | undefined) {
  const { client_private_key: privateKey, client_secret: secret } = entry;
  const { client_key_id: keyId, client_key_thumbprint: thumbprint, client_key_issuer: issuer } = entry;
  return {
    clientAuthentication: entry.token_endpoint_auth_method ?? template?.clientAuthentication ?? usualMethod(entry),
    ...(secret && { clientSecret: new Secret(secret) }),
    ...(privateKey && {
      clientKey: {
        privateKey: new Secret(privateKey),
        ...(keyId !== undefined && { keyId }),
        ...(thumbprint !== undefined && { thumbprint }),
        ...(issuer !== undefined && { issuer }),
      },
    }),
  };
}

/** RFC 7591 section 2: default Basic. Without a secret a client is public, except for client credentials (RFC 6749 4.4). */
function usualMethod({ client_private_key, client_secret, source }: ProviderEntry): ClientAuthenticationMethod {
  if (client_private_key) return 'private_key_jwt';
  return client_secret || source === 'client_credentials' ? 'client_secret_basic' : 'none';
}

function pkceOf(value: 'S256' | 'none' | boolean): Provider['pkce'] {
  return value === 'S256' || value === true ? 'S256' : 'none';
}

function identityOf(entry: ProviderEntry, template: ProviderTemplate | undefined): IdentityMapping {
  const endpoint = entry.userinfo_endpoint ?? template?.identity.endpoint;
  if (entry.identity) {
    const from = endpoint === undefined ? ('token_response' as const) : ('userinfo' as const);
    return { ...entry.identity, from, ...(endpoint !== undefined && { endpoint }) };
  }
  // OpenID Connect Core 5.1, for a provider that is configured by its endpoints only.
  const openId = { from: 'userinfo' as const, id: 'sub', name: 'name|preferred_username', email: 'email' };
  const known: IdentityMapping = template?.identity ?? (endpoint === undefined ? { from: 'none', id: 'sub' } : openId);
  const placed = endpoint === undefined ? known : { ...known, endpoint };
  if (entry.token_endpoint === undefined) return placed;
  // With another token endpoint, the template's issuer is not the right one.
  const { issuer, ...elsewhere } = placed;
  return elsewhere;
}

function revocationOf(entry: ProviderEntry, template: ProviderTemplate | undefined): Revocation | undefined {
  const { revocation_endpoint: endpoint } = entry;
  if (template?.revocation) return { ...template.revocation, ...(endpoint !== undefined && { endpoint }) };
  if (endpoint === undefined) return undefined;
  const standard = { method: 'POST', authentication: 'client', body: 'form', parameter: 'token' } as const;
  return { ...standard, endpoint, token: 'refresh', reach: 'grant' };
}

/** Fills in the parameters that are the same for all connections; `withParameters` fills in the others. */
function fillFixed(provider: Provider, entry: ProviderEntry, template: ProviderTemplate | undefined): Provider {
  const values = new Map([['client_id', encodeURIComponent(provider.clientId)]]);
  const open: [string, Placeholder][] = [];
  for (const [name, placeholder] of Object.entries(template?.placeholders ?? {})) {
    const fixed = (name === 'tenant' ? entry.tenant : undefined) ?? entry.parameters?.[name];
    const { pattern, default: usual, chosen } = placeholder;
    if (fixed === undefined && (usual === undefined || chosen)) {
      open.push([name, { pattern, default: usual }]);
      continue;
    }
    const given = fixed ?? usual ?? '';
    if (!placeholder.pattern.test(given)) {
      const field = name === 'tenant' && entry.tenant !== undefined ? name : `parameters.${name}`;
      throw new ConfigurationError([
        { name: `${provider.id}.${field}`, problem: 'is not of the form that is expected' },
      ]);
    }
    values.set(name, given);
  }
  const fill = (text: string) => fillPlaceholders(text, values);
  const matches = Object.entries(provider.callbackMatches ?? {});
  const callbackMatches = Object.fromEntries(matches.map(([name, text]) => [name, fill(text)]));
  const mapped = mapHeaders(mapEndpoints(provider, fill), fill);
  const filled = matches.length === 0 ? mapped : { ...mapped, callbackMatches };
  return open.length === 0 ? filled : withUsualValues({ ...filled, placeholders: Object.fromEntries(open) });
}

/** The provider with every header of its own changed. */
function mapHeaders(provider: Provider, change: (text: string) => string): Provider {
  const changed = (headers: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, change(value)]));
  const { extraTokenHeaders, identity, revocation } = provider;
  return {
    ...provider,
    extraTokenHeaders: changed(extraTokenHeaders),
    identity: { ...identity, ...(identity.headers && { headers: changed(identity.headers) }) },
    ...(revocation?.headers && { revocation: { ...revocation, headers: changed(revocation.headers) } }),
  };
}

/** Fills in the usual values, beside the provider in which a connect may have others. */
function withUsualValues(choosable: Provider): Provider {
  const places = Object.entries(choosable.placeholders ?? {});
  const usual = new Map(places.flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])));
  if (usual.size === 0) return choosable;
  const { placeholders: _, ...filled } = mapEndpoints(choosable, (url) => fillPlaceholders(url, usual));
  const needed = places.filter(([name]) => !usual.has(name));
  return { ...filled, choosable, ...(needed.length > 0 && { placeholders: Object.fromEntries(needed) }) };
}
