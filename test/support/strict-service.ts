/** The service with one provider, `strict`: oidc-provider with a relay before its token endpoint. */

import { makePlace, type OpenService, openService, type ServiceOptions, type StoreKind } from './service.js';
import { type RelayedProvider, type RelayOptions, startRelayedProvider } from './token-relay.js';

export interface StrictService extends OpenService {
  readonly strict: RelayedProvider;
}

/** Opens both. `place` is an existing one, or the kind of store for a new one; `twin` is a second entry like `strict`. */
export async function openStrictService(
  place: StoreKind | NonNullable<ServiceOptions['place']>,
  options: Omit<ServiceOptions, 'place' | 'providers'> & Omit<RelayOptions, 'redirectUri'> = {},
): Promise<StrictService> {
  let strict: RelayedProvider | undefined;
  const service = await openService({
    ...options,
    place: typeof place === 'string' ? await makePlace(place) : place,
    providers: async (callback) => {
      strict = await startRelayedProvider({ ...options, redirectUri: callback('strict') });
      return { strict: strict.entry, twin: { ...strict.entry, display_name: 'Twin' } };
    },
  });
  if (!strict) throw new TypeError('no provider was started');
  return { ...service, strict };
}
