/** Finds the provider that a journey is about: configured here, or discovered earlier. */

import { UnknownProvider } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import type { Dependencies } from './dependencies.js';

/** The provider of that id, if it can be used. Asynchronous because discovered ones are kept in the store. */
export async function findProvider(deps: Dependencies, id: ProviderId): Promise<Provider | undefined> {
  return deps.providers.find(id);
}

/**
 * As {@link findProvider}.
 *
 * @throws {UnknownProvider} nobody knows it, or it has no client credentials here
 */
export async function requireProvider(deps: Dependencies, id: ProviderId): Promise<Provider> {
  const provider = await findProvider(deps, id);
  if (provider === undefined) throw new UnknownProvider();
  return provider;
}
