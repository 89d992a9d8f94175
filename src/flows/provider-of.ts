/** Finds the provider that a journey is about: configured here, or discovered earlier. */

import { InvalidRequest, UnknownProvider } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { isDiscoveredId } from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import type { Http } from '../protocol/http.js';
import type { Dependencies } from './dependencies.js';
import { findDiscovered } from './discovered-provider.js';
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
 * @throws {InvalidRequest} its tokens come from elsewhere, so there is nothing to connect
 */
export async function requireConnectable(deps: Dependencies, id: ProviderId): Promise<Provider> {
  const isHosts = Object.hasOwn(deps.sources ?? {}, id);
  const provider = isHosts ? undefined : await requireProvider(deps, id);
  if (provider === undefined || provider.source !== undefined) {
    throw new InvalidRequest('provider', 'is not connected by persons: its tokens have another source');
  }
  return provider;
}

/** The way out to a provider: the guarded one for URLs that strangers chose. */
export function httpOf(deps: Dependencies, provider: Provider): Http {
  if (!provider.foreign) return traceHttp(deps, provider, deps.http);
  if (deps.mcp === undefined) throw new TypeError('there is no guarded way out');
  return traceHttp(deps, provider, deps.mcp.guarded);
}
