/** A discovered MCP server as a provider like any other: read from the store, with our client there. */

import type { ProviderId } from '../core/identifiers.js';
import { type PreRegisteredClient, policyOf, type ServerPolicy } from '../core/mcp-policy.js';
import {
  type DiscoveredProvider,
  discoveredProviderSchema,
  isSameIssuer,
  mcpCollections,
  type RegisteredClient,
  registeredClientSchema,
  registrationKeyOf,
} from '../core/mcp-server.js';
import type { ClientAuthenticationMethod, ClientKey, Provider } from '../core/provider.js';
import { Secret } from '../core/secret.js';
import { chooseAuthentication } from '../protocol/client-registration.js';
import type { Dependencies } from './dependencies.js';
import type { McpRoom } from './mcp-room.js';
import { redirectUriOf } from './redirect-uri.js';

/** Who we are at one authorization server. */
export interface ForeignClient {
  readonly clientId: string;
  readonly clientSecret?: Secret;
  readonly clientKey?: ClientKey;
  readonly clientAuthentication: ClientAuthenticationMethod;
  /** Epoch ms; only of dynamic registrations. */
  readonly secretExpiresAt?: number;
}

/** Lifetime of a token where the server says nothing and a number is needed. */
const assumedLifetimeMs = 3_600_000;

/** The provider of that id, if it was discovered and we have a client there. */
export async function findDiscovered(deps: Dependencies, id: ProviderId): Promise<Provider | undefined> {
  const { mcp } = deps;
  if (mcp === undefined) return undefined;
  const remembered = mcp.providers.get(id);
  if (remembered !== undefined) return remembered;
  const record = await findDiscoveredRecord(deps, id);
  const client = record && (await findForeignClient(deps, id, record));
  if (record === undefined || client === undefined) return undefined;
  const provider = providerOf(mcp, { id, record, client });
  mcp.providers.set(id, provider);
  return provider;
}

/** What was discovered under an id, with the operator's present word on its endpoints. */
export async function findDiscoveredRecord(
  deps: Dependencies,
  id: ProviderId,
): Promise<DiscoveredProvider | undefined> {
  const found = await deps.store.documents.find(mcpCollections.provider, id);
  if (found === undefined) return undefined;
  const record = discoveredProviderSchema.parse(found);
  return { ...record, ...configuredEndpointsOf(record, policyOf(deps.mcp?.policy ?? {}, record.serverUrl)) };
}

/** Endpoints that the operator configured belong to the issuer beside them; what was found at another one stays as it is. */
function configuredEndpointsOf(record: DiscoveredProvider, rules: ServerPolicy): Partial<DiscoveredProvider> {
  const { issuer, trusted_issuer: trusted } = rules;
  const isTheirs = issuer !== undefined && (isSameIssuer(issuer, record.issuer) || trusted === record.issuer);
  if (!isTheirs) return {};
  const { authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint } = rules;
  return {
    ...(authorization_endpoint !== undefined && { authorizationEndpoint: authorization_endpoint }),
    ...(token_endpoint !== undefined && { tokenEndpoint: token_endpoint }),
    ...(registration_endpoint !== undefined && { registrationEndpoint: registration_endpoint }),
    ...(revocation_endpoint !== undefined && { revocationEndpoint: revocation_endpoint }),
  };
}

/**
 * Who we are there, without asking anybody: registered by the operator; else a metadata document, where the server
 * takes those; else registered earlier.
 */
export async function findForeignClient(
  deps: Dependencies,
  id: ProviderId,
  record: DiscoveredProvider,
): Promise<ForeignClient | undefined> {
  const { policy } = deps.mcp ?? {};
  const named = policy?.clients?.find(({ issuer }) => isSameIssuer(issuer, record.issuer));
  if (named !== undefined) return clientOfOperator(named, record);
  const url = record.takesMetadataDocuments ? clientMetadataUrlOf(deps, id) : undefined;
  if (url !== undefined) return { clientId: url, clientAuthentication: 'none' };
  const found = await findRegistration(deps, id, record);
  return found && toForeignClient(found);
}

/** Our dynamic registration at the server's issuer, if there is one. */
export async function findRegistration(
  deps: Dependencies,
  id: ProviderId,
  record: DiscoveredProvider,
): Promise<RegisteredClient | undefined> {
  const key = registrationKeyOf(record.issuer, redirectUriOf(deps, id));
  const found = await deps.store.documents.find(mcpCollections.client, key);
  return found === undefined ? undefined : registeredClientSchema.parse(found);
}

/** A registration as the client that it makes us. */
export function toForeignClient({ authentication, ...registered }: RegisteredClient): ForeignClient {
  return { ...registered, clientAuthentication: authentication };
}

/** The URL that is our client id where URLs may be; `undefined` where nobody could fetch it. */
export function clientMetadataUrlOf(deps: Dependencies, id: ProviderId): string | undefined {
  const configured = deps.mcp?.policy.client_metadata_url;
  if (configured === false) return undefined;
  if (configured !== undefined) return configured.replace('{provider}', id);
  const { baseUrl } = deps.settings;
  return baseUrl.startsWith('https:') ? `${baseUrl}/oauth/${id}/client-metadata.json` : undefined;
}

function clientOfOperator(named: PreRegisteredClient, record: DiscoveredProvider): ForeignClient {
  const { client_id, client_secret, client_private_key, client_key_id, token_endpoint_auth_method } = named;
  const chosen =
    client_private_key === undefined
      ? chooseAuthentication(record.authenticationMethods, Boolean(client_secret))
      : 'private_key_jwt';
  return {
    clientId: client_id,
    clientAuthentication: token_endpoint_auth_method ?? chosen,
    ...(client_secret && { clientSecret: new Secret(client_secret) }),
    ...(client_private_key && {
      clientKey: { privateKey: new Secret(client_private_key), ...(client_key_id && { keyId: client_key_id }) },
    }),
  };
}

/** Puts record, client and the operator's departures together. */
export function providerOf(
  room: McpRoom,
  parts: { readonly id: ProviderId; readonly record: DiscoveredProvider; readonly client: ForeignClient },
): Provider {
  const { id, record, client } = parts;
  const { secretExpiresAt: _, ...credentials } = client;
  const rules = policyOf(room.policy, record.serverUrl);
  const { revocationEndpoint } = record;
  return {
    ...credentials,
    ...scopeOf(record, rules),
    id,
    displayName: new URL(record.serverUrl).host,
    issuer: record.issuer,
    authorizationEndpoint: record.authorizationEndpoint ?? '',
    tokenEndpoint: record.tokenEndpoint,
    issParameterSupported: record.issParameterSupported,
    tokenRequestFormat: 'form',
    pkce: 'S256',
    scopeSeparator: ' ',
    extraTokenParameters: {},
    extraTokenHeaders: {},
    // Without expires_in a token is good until the server answers 401.
    tokensExpire: false,
    defaultLifetimeMs: assumedLifetimeMs,
    refreshReuse: 'strict',
    identity: { from: 'none', id: 'sub' },
    refusals: [],
    foreign: true,
    unverified: [],
    ...(!rules.omit_resource && { resource: record.resource }),
    ...(revocationEndpoint !== undefined && { revocation: revocationAt(revocationEndpoint) }),
  };
}

/** All that the server lists, unless the operator says otherwise; `offline_access` where that brings refresh tokens. */
function scopeOf(record: DiscoveredProvider, rules: ServerPolicy) {
  const scope = rules.scopes ?? record.scopesSupported;
  const needsAsking = record.offlineAccess && !scope.includes('offline_access');
  return {
    defaultScope: needsAsking ? [...scope, 'offline_access'] : scope,
    unlistedScope: ['offline_access'],
    // OpenID Connect Core 11: offline access is only given with consent.
    extraAuthorizationParameters: record.offlineAccess ? { prompt: 'consent' } : ({} as Record<string, string>),
  };
}

function revocationAt(endpoint: string): NonNullable<Provider['revocation']> {
  return {
    endpoint,
    method: 'POST',
    authentication: 'client',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  };
}
