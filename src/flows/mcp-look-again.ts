/** A server that is known is looked at again: it refused a token, or its authorization server is not where it was. */

import { ProviderError, ProviderUnavailable } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import type { McpServer } from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import type { Dependencies } from './dependencies.js';
import { discoverProvider, isUpToDate, type ServerInView } from './discover-provider.js';
import type { TokenDesk } from './get-token.js';

/** How often a server's metadata may be read again. */
const looksPerMinute = 6;

/** Counts a look, over all replicas, and answers whether it may be taken. */
export async function mayLookAgain(deps: Dependencies, provider: ProviderId): Promise<boolean> {
  const { count } = await deps.store.counters.add(`mcp-look:${provider}`, 60_000);
  return count <= looksPerMinute;
}

/** A server, and what is known of it. */
interface KnownServer {
  readonly server: ServerInView;
  readonly known: McpServer | undefined;
  readonly provider: Provider;
}

/**
 * Acts at the provider that is known. If its token endpoint is not there any more, or fails when the day is over for which
 * metadata is believed, the metadata is read again, and what it says now is tried once: without a new token no request
 * reaches the MCP server, so that its 401 would never tell.
 *
 * @throws what the first try threw, unless something else is known now
 */
export async function lookingAgain<T>(
  desk: TokenDesk,
  { server, known, provider }: KnownServer,
  act: (provider: Provider) => Promise<T>,
): Promise<T> {
  try {
    return await act(provider);
  } catch (error) {
    const { deps } = desk;
    const isOld = known !== undefined && !isUpToDate(deps, server, known);
    const isOfProvider = error instanceof ProviderError || error instanceof ProviderUnavailable;
    const mayHelp = isOfProvider && (isOld || isNotThere(error));
    if (!mayHelp || !(await mayLookAgain(deps, provider.id))) throw error;
    const now = await discoverProvider(deps, server, { again: true }).catch(() => provider);
    if (now.id === provider.id && now.tokenEndpoint === provider.tokenEndpoint) throw error;
    desk.flights.forgive(provider.id);
    return act(now);
  }
}

/** The answer of a place where no token endpoint is, or not any more. */
function isNotThere({ status = 0 }: ProviderError | ProviderUnavailable): boolean {
  return [404, 405, 410].includes(status) || (status >= 300 && status < 400);
}
