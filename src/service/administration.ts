/** What administrators can do over HTTP: manage API keys and refused callers, only of their own tenant. */

import type { Administration } from '../../routes/administration.js';
import type { DocumentStore } from '../core/store.js';
import { createApiKey, findApiKey, listApiKeys, revokeApiKey } from './api-keys.js';
import type { RevokedCallers } from './revoked-callers.js';

/** Binds the functions to a store. @param now epoch ms */
export function createAdministration(
  documents: DocumentStore,
  revoked: RevokedCallers,
  now: () => number,
): Administration {
  return {
    listKeys: async (tenant) => (await listApiKeys(documents)).filter((key) => key.tenant === tenant),
    createKey: (tenant, request) => createApiKey(documents, { ...request, tenant }, now()),
    revokeKey: async (tenant, id) => {
      const key = await findApiKey(documents, id);
      return key?.tenant === tenant && revokeApiKey(documents, id, now());
    },
    revokeCaller: (tenant, name, until) => revoked.revoke(tenant, name, until),
    now,
  };
}
