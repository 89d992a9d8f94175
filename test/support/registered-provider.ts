/** One provider from one entry, by the same registry that a deployment has. */

import { createRegistry, type ProviderEntry } from '../../providers/index.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import type { Provider } from '../../src/core/provider.js';

/** Resolves an entry; http to loopback is allowed. */
export function registeredProvider(id: string, entry: ProviderEntry): Provider {
  const provider = createRegistry({ [id]: entry }, { allowInsecureLoopback: true }).find(providerIdSchema.parse(id));
  if (!provider) throw new TypeError(`${id} is not configured`);
  return provider;
}
