/** Configured providers that are the same client at the same authorization server: a revocation may reach all of them. */

import type { ProviderId, TenantId } from '../core/identifiers.js';
import type { Dependencies } from './dependencies.js';

/** The id itself first, then those of entries with the same client id that revoke at the same place. */
export function providersOfClient(
  { providers }: Pick<Dependencies, 'providers'>,
  id: ProviderId,
): readonly ProviderId[] {
  const one = providers.find(id);
  if (one?.revocation === undefined) return [id];
  const { clientId, revocation } = one;
  const isSame = (other: typeof one) =>
    other.id !== id && other.clientId === clientId && other.revocation?.endpoint === revocation.endpoint;
  const others = providers.configured().filter(isSame);
  return [id, ...others.map((other) => other.id)];
}

/** All places where connections of that client may be: each of its providers, in each tenant. @throws {StoreUnavailable} */
export async function placesOfClient(
  deps: Pick<Dependencies, 'providers' | 'store'>,
  provider: ProviderId,
): Promise<readonly { readonly tenant: TenantId; readonly provider: ProviderId }[]> {
  const tenants = await deps.store.events.tenants();
  return providersOfClient(deps, provider).flatMap((each) => tenants.map((tenant) => ({ tenant, provider: each })));
}
