/** A reconnect goes to the same shop, host or site as before, unless the caller names another. */

import { StoreUnavailable } from '../core/errors.js';
import { type AccountLabel, defaultAccount, type Owner, type ProviderId } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import { placeNamesOf } from '../core/provider-endpoints.js';
import type { Dependencies } from './dependencies.js';

/** What a connect is asked with, as far as it matters here. */
interface Asked {
  readonly owner: Owner;
  readonly provider: ProviderId;
  readonly account?: AccountLabel;
  readonly parameters?: Readonly<Record<string, string>>;
}

/**
 * The request with the parameters of the connection that it renews, where it has none of its own. Only those that a
 * connect may be given: what the provider says in its answers is taken from its next answer.
 *
 * @throws {StoreUnavailable} the connection cannot be looked up
 */
export async function withKnownParameters<R extends Asked>(
  deps: Dependencies,
  request: R,
  connectable: Provider,
): Promise<R> {
  const { sites } = connectable;
  const names = [...placeNamesOf(connectable), ...(sites ? [sites.parameter] : [])];
  if (request.parameters !== undefined || names.length === 0) return request;
  const { owner, provider, account = defaultAccount } = request;
  const stored = await deps.store.connections.find({ owner, provider, account }).catch(passOver);
  const before = stored?.connection.parameters ?? {};
  const kept = names.flatMap((name) => (before[name] === undefined ? [] : [[name, before[name]] as const]));
  return kept.length === 0 ? request : { ...request, parameters: Object.fromEntries(kept) };
}

/** A damaged record says nothing about its parameters: then there are none. */
function passOver(error: unknown): undefined {
  if (error instanceof StoreUnavailable) throw error;
  return undefined;
}
