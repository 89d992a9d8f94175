/** A 401 of an MCP server that nobody configured -> a provider like any other, found, checked and kept. */

import { ClientRegistrationRequired, DiscoveryFailed, InvalidRequest } from '../core/errors.js';
import type { ProviderId, TenantId } from '../core/identifiers.js';
import { canonicalServerUrl, endpointsIn, maySpeakTo, policyOf, type ServerPolicy } from '../core/mcp-policy.js';
import {
  type DiscoveredProvider,
  discoveredIdOf,
  discoveredProviderSchema,
  isSameIssuer,
  type McpServer,
  mcpCollections,
  mcpServerSchema,
  rulesDigestOf,
} from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import type { BearerChallenge } from '../protocol/challenge.js';
import { findServerMetadata, type ServerMetadata } from '../protocol/discovery.js';
import { findResourceMetadata, type ResourceMetadata } from '../protocol/resource-metadata.js';
import type { Dependencies } from './dependencies.js';
import { findDiscovered, findDiscoveredRecord, providerOf } from './discovered-provider.js';
import type { McpRoom } from './mcp-room.js';
import { recordAct, system } from './record-act.js';
import { requireForeignClient } from './register-client.js';

/** How long what was discovered is believed without a sign that it has changed. */
const believedMs = 24 * 3_600_000;

/** A server, canonical, with the rules for it. */
export interface ServerInView {
  readonly room: McpRoom;
  readonly tenant: TenantId;
  readonly serverUrl: string;
  readonly rules: ServerPolicy;
}

/**
 * The server that a caller names.
 *
 * @throws {InvalidRequest} it is no URL of a server, or the operator does not allow it to this tenant
 */
export function viewServer(deps: Dependencies, tenant: TenantId, url: string): ServerInView {
  const { mcp: room } = deps;
  const serverUrl = canonicalServerUrl(url);
  if (serverUrl === undefined) throw new InvalidRequest('server_url', 'must be the http(s) URL of an MCP server');
  if (room === undefined || !maySpeakTo(room.policy, tenant, serverUrl)) {
    throw new InvalidRequest('server_url', 'is not a server that this deployment allows');
  }
  return { room, tenant, serverUrl, rules: policyOf(room.policy, serverUrl) };
}

/** What stands for the server now, if it was discovered before; asks nobody. */
export async function findKnownServer(deps: Dependencies, server: ServerInView): Promise<McpServer | undefined> {
  const found = await deps.store.documents.find(mcpCollections.server, keyOf(server));
  return found === undefined ? undefined : mcpServerSchema.parse(found);
}

/** Challenges come through callers, so what is known about a server is kept per tenant. */
function keyOf({ tenant, serverUrl }: ServerInView): string {
  return `${tenant}\n${serverUrl}`;
}

/**
 * The provider that stands for a server: the one known, or what discovery finds. Callers at the same time share one
 * discovery.
 *
 * @param again look again although it is known: its server refused a token that seemed good
 * @throws {DiscoveryFailed} naming step and origin
 * @throws {ClientRegistrationRequired} the operator has to register a client
 * @throws {ProviderUnavailable} a document could not be fetched now
 */
export async function discoverProvider(
  deps: Dependencies,
  server: ServerInView,
  found: { readonly challenge?: BearerChallenge | undefined; readonly again?: boolean } = {},
): Promise<Provider> {
  const known = await findKnownServer(deps, server);
  const isFresh = known !== undefined && !found.again && isUpToDate(deps, server, known);
  const provider = isFresh ? await findDiscovered(deps, known.provider) : undefined;
  if (provider !== undefined) return provider;
  const { flights } = server.room;
  const running = flights.get(keyOf(server));
  if (running !== undefined) return running;
  const flight = discover(deps, server, { known, hints: found.challenge?.resourceMetadata ?? [] }).finally(() =>
    flights.delete(keyOf(server)),
  );
  flights.set(keyOf(server), flight);
  return flight;
}

/** What was discovered is believed for a while, and only under the rules that it was checked by. */
export function isUpToDate(deps: Dependencies, { rules }: ServerInView, known: McpServer): boolean {
  return deps.now() - known.checkedAt < believedMs && known.rules === rulesDigestOf(rules);
}

/** What a discovery starts from. */
interface Clues {
  readonly known: McpServer | undefined;
  readonly hints: readonly string[];
}

async function discover(deps: Dependencies, server: ServerInView, { known, hints }: Clues): Promise<Provider> {
  const { room, serverUrl, rules } = server;
  const { issuer: named, metadata_origins: origins = [] } = rules;
  const question = { serverUrl, hints, before: known?.place, origins, ...(named !== undefined && { issuer: named }) };
  const metadata = (await findResourceMetadata(room.guarded, question)) ?? withoutMetadata(server);
  const bound = known && (await findDiscoveredRecord(deps, known.provider));
  const failures: (DiscoveryFailed | ClientRegistrationRequired)[] = [];
  for (const issuer of inOrder(metadata, [
    ...(room.policy.clients ?? []).map((client) => client.issuer),
    bound?.issuer,
  ])) {
    try {
      return await settleOn(deps, server, { metadata, issuer });
    } catch (error) {
      // An outage is no reason to turn to somebody else.
      if (!(error instanceof DiscoveryFailed) && !(error instanceof ClientRegistrationRequired)) throw error;
      failures.push(error);
    }
  }
  throw failureOf(failures, metadata);
}

/** Only if the operator names the authorization server, or says that the server, of revision 2025-03-26, is its own. */
function withoutMetadata({ serverUrl, rules }: ServerInView): ResourceMetadata {
  const issuer = rules.issuer ?? (rules.legacy_endpoints ? new URL(serverUrl).origin : undefined);
  if (issuer !== undefined) return { resource: serverUrl, authorizationServers: [issuer], scopesSupported: [] };
  throw new DiscoveryFailed('resource_metadata', serverUrl, 'has no metadata at the places of RFC 9728.');
}

/** Those where we have a client already come first; otherwise the server's own order. */
function inOrder(metadata: ResourceMetadata, ours: readonly (string | undefined)[]): readonly string[] {
  const { authorizationServers } = metadata;
  const have = (issuer: string) => ours.some((one) => one !== undefined && isSameIssuer(one, issuer));
  return [...authorizationServers.filter(have), ...authorizationServers.filter((issuer) => !have(issuer))];
}

/** Checks one authorization server, gets a client there, and keeps both. */
async function settleOn(
  deps: Dependencies,
  server: ServerInView,
  choice: { readonly metadata: ResourceMetadata; readonly issuer: string },
): Promise<Provider> {
  const { room, rules } = server;
  const found = await findServerMetadata(room.guarded, {
    issuer: choice.issuer,
    allowInsecureLoopback: room.allowInsecureLoopback,
    forPeople: rules.grant !== 'client_credentials',
    configured: endpointsIn(rules),
    ...(rules.trusted_issuer !== undefined && { trustedIssuer: rules.trusted_issuer }),
    ...(rules.assume_pkce_s256 !== undefined && { assumePkceS256: rules.assume_pkce_s256 }),
    ...(rules.endpoint_domains && { endpointDomains: rules.endpoint_domains }),
    ...(rules.legacy_endpoints !== undefined && { legacyEndpoints: rules.legacy_endpoints }),
  });
  const record = recordOf(server, choice.metadata, found);
  const id = await keepRecord(deps, record);
  const client = await requireForeignClient(deps, room, { id, record });
  const { place } = record;
  const known: McpServer = { provider: id, checkedAt: deps.now(), rules: rulesDigestOf(rules), place };
  await deps.store.documents.put(mcpCollections.server, keyOf(server), mcpServerSchema.encode(known));
  const provider = providerOf(room, { id, record, client });
  room.providers.set(id, provider);
  await recordDepartures(deps, server, id);
  return provider;
}

/** Each time a server is discovered, the log and the audit trail name the rules that the operator lets it break. */
async function recordDepartures(deps: Dependencies, { rules, tenant }: ServerInView, provider: ProviderId) {
  const departures = Object.keys(rules);
  if (departures.length === 0) return;
  deps.log.warn({ provider, departures }, 'an MCP server is used with departures');
  const reason = departures.join(' ');
  await recordAct(deps, { act: 'mcp.departure', actor: system, tenant, provider, outcome: 'ok', reason });
}

function recordOf(
  { serverUrl, rules }: ServerInView,
  metadata: ResourceMetadata,
  found: ServerMetadata,
): DiscoveredProvider {
  const { resource, scopesSupported, place } = metadata;
  const record = { serverUrl, resource, scopesSupported, place, ...found };
  // Client credentials need a client that the operator registered, not one that anybody can register.
  const isOperators = rules.grant === 'client_credentials';
  return isOperators ? { ...record, registrationEndpoint: undefined, takesMetadataDocuments: false } : record;
}

/**
 * Keeps what was found. The authorization server that was kept first gets the MCP server's own id, each other one an id of
 * its own. (An MCP server may name different ones to two processes that ask at the same time.)
 *
 * An id is 64 bits of a digest, so somebody who can choose URLs can find one with the id of a well-known server. Tokens of
 * that server must not reach them: an id that stands for another server is never taken over.
 */
async function keepRecord(deps: Dependencies, record: DiscoveredProvider): Promise<ProviderId> {
  const { serverUrl, issuer, place } = record;
  const kept = discoveredProviderSchema.encode(record);
  for (const id of [[], [issuer], [issuer, place ?? '']].map((others) => discoveredIdOf(serverUrl, ...others))) {
    if (await deps.store.documents.create(mcpCollections.provider, id, kept)) return id;
    const first = await findDiscoveredRecord(deps, id);
    if (first === undefined || !isOfSameServer(first, record)) continue;
    await deps.store.documents.put(mcpCollections.provider, id, { ...kept, place: place && first.place });
    return id;
  }
  throw new DiscoveryFailed('resource_metadata', serverUrl, 'has the id of another server, so that it cannot be kept.');
}

/**
 * Ids are the same for all tenants, and where metadata stands is a caller's word. So metadata from another place must not
 * change what others are asked for: if it says something else, it gets an id of its own.
 */
function isOfSameServer(first: DiscoveredProvider, found: DiscoveredProvider): boolean {
  if (first.serverUrl !== found.serverUrl || first.issuer !== found.issuer) return false;
  const wordsOf = ({ resource, scopesSupported }: DiscoveredProvider) => [resource, ...scopesSupported].join('\n');
  return first.place === found.place || wordsOf(first) === wordsOf(found);
}

/** The one of several failures to report: one that the operator can mend, else the first, with all that were tried. */
function failureOf(
  failures: readonly (DiscoveryFailed | ClientRegistrationRequired)[],
  metadata: ResourceMetadata,
): Error {
  const [first] = failures;
  const forOperator = failures.find((error) => error instanceof ClientRegistrationRequired);
  if (forOperator !== undefined || !(first instanceof DiscoveryFailed) || failures.length === 1) {
    return forOperator ?? first ?? new TypeError('there is no authorization server');
  }
  const tried = metadata.authorizationServers.map((issuer) => new URL(issuer).origin).join(', ');
  return new DiscoveryFailed(first.step, first.origin, `and all others cannot be used; tried: ${tried}.`);
}
