/** All connections of a store, one after another. Grants without a proof, links and sessions are not exported. */

import type { Connection } from '../core/connection.js';
import { OAuthManagerError } from '../core/errors.js';
import type { StorageEngine } from '../store/engine.js';
import { fieldKind } from '../store/field-names.js';
import type { Unopened } from '../store/key-use.js';
import { openConnection } from '../store/sealed-fields.js';
import { walkOwners } from '../store/sealed-records.js';
import type { Keyring } from '../store/sealing.js';

/**
 * Opens every connection. A record that cannot be opened is reported and skipped.
 *
 * @param wanted only connections of this tenant; without it, of all
 */
export async function* readConnections(
  { engine, keyring }: { readonly engine: StorageEngine; readonly keyring: Keyring },
  wanted: { readonly tenant?: string },
  onSkipped: (unopened: Unopened) => void,
): AsyncGenerator<Connection> {
  const seen = new Set<string>(); // a walk may meet an owner twice
  for await (const { owner, fields } of walkOwners(engine)) {
    if (seen.has(owner)) continue;
    seen.add(owner);
    for (const [field, found] of fields) {
      if (fieldKind(field) !== 'connection') continue;
      try {
        const { connection } = openConnection(keyring, { owner, field }, found);
        if (wanted.tenant === undefined || wanted.tenant === connection.tenant) yield connection;
      } catch (error) {
        if (!(error instanceof OAuthManagerError)) throw error;
        onSkipped({ where: `owner ${owner}, field ${field}`, code: error.code });
      }
    }
  }
}
