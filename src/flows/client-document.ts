/** The client id metadata document that authorization servers fetch: who we are, at a URL that is our client id. */

import type { ProviderId } from '../core/identifiers.js';
import { isDiscoveredId } from '../core/mcp-server.js';
import { clientMetadataDocument } from '../protocol/client-registration.js';
import type { Dependencies } from './dependencies.js';
import { clientMetadataUrlOf } from './discovered-provider.js';
import { redirectUriOf } from './redirect-uri.js';
import { clientNameOf } from './register-client.js';

/**
 * The document of one provider id. It says nothing about whether that server was ever discovered: an authorization
 * server may fetch it at any time, and what it names is ours in any case.
 *
 * @returns `undefined` for other providers, and where metadata documents are not used
 */
export function describeClient(deps: Dependencies, id: ProviderId): object | undefined {
  const url = isDiscoveredId(id) ? clientMetadataUrlOf(deps, id) : undefined;
  if (url === undefined || deps.mcp === undefined) return undefined;
  return clientMetadataDocument(url, { name: clientNameOf(deps.mcp), redirectUri: redirectUriOf(deps, id) });
}
