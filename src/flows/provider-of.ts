/** Finds the provider that a journey is about: configured here, or discovered earlier. */

import { InvalidRequest, UnknownProvider } from '../core/errors.js';
import type { Owner, ProviderId, TenantId } from '../core/identifiers.js';
import { maySpeakTo } from '../core/mcp-policy.js';
import { isDiscoveredId } from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import type { Http } from '../protocol/http.js';
import type { Dependencies } from './dependencies.js';
import { findDiscovered, findDiscoveredRecord } from './discovered-provider.js';
import { traceHttp } from './traced.js';

/** The provider of that id, if it can be used. Asynchronous because discovered ones are kept in the store. */
export async function findProvider(deps: Dependencies, id: ProviderId): Promise<Provider | undefined> {
  return deps.providers.find(id) ?? (isDiscoveredId(id) ? findDiscovered(deps, id) : undefined);
}

/**
 * As {@link findProvider}.
 *
 * @throws {UnknownProvider} nobody knows it, or it has no client credentials here
 * @throws {ProviderUnavailable | ProviderError} its issuer could not be asked, or said what cannot be used
 */
export async function requireProvider(deps: Dependencies, id: ProviderId): Promise<Provider> {
  const provider = await findProvider(deps, id);
  if (provider === undefined) throw deps.providers.whyUnavailable?.(id) ?? new UnknownProvider();
  return provider;
}

/**
 * As {@link requireProvider}, for a journey that ends with a person's own grant.
 *
 * @throws {InvalidRequest} its tokens come from elsewhere, so there is nothing to connect; or it is an MCP server that
 *   the operator does not allow to this tenant
 */
export async function requireConnectable(
  deps: Dependencies,
  { provider: id, owner }: { readonly provider: ProviderId; readonly owner: Owner },
): Promise<Provider> {
  const isHosts = Object.hasOwn(deps.sources ?? {}, id);
  const provider = isHosts ? undefined : await requireProvider(deps, id);
  if (provider === undefined || provider.source !== undefined) {
    throw new InvalidRequest('provider', 'is not connected by persons: its tokens have another source');
  }
  await refuseForbidden(deps, owner.tenant, id);
  return provider;
}

/**
 * What was discovered for one tenant, or under earlier rules, may be forbidden to this tenant now.
 *
 * @throws {InvalidRequest} it is an MCP server that the operator does not allow to this tenant
 */
export async function refuseForbidden(deps: Dependencies, tenant: TenantId, id: ProviderId): Promise<void> {
  if (deps.mcp === undefined || !isDiscoveredId(id) || deps.providers.find(id) !== undefined) return;
  const record = await findDiscoveredRecord(deps, id);
  if (record !== undefined && maySpeakTo(deps.mcp.policy, tenant, record.serverUrl)) return;
  throw new InvalidRequest('provider', 'is a server that this deployment does not allow');
}

/** The way out to a provider: the guarded one for URLs that strangers chose. */
export function httpOf(deps: Dependencies, provider: Provider): Http {
  if (!provider.foreign) return traceHttp(deps, provider, deps.http);
  if (deps.mcp === undefined) throw new TypeError('there is no guarded way out');
  return traceHttp(deps, provider, deps.mcp.guarded);
}
