/** Connections and grants in and out of an owner's fields: each opens only at its owner, field and generation. */

import type { AwaitingGrant } from '../core/connect.js';
import type { Connection, StoredConnection } from '../core/connection.js';
import type { OwnerKey } from '../core/identifiers.js';
import type { StoredGrant } from '../core/store.js';
import type { Versioned } from './engine.js';
import { connectIdOf } from './field-names.js';
import { formatConnection, formatGrant, parseConnection, parseGrant } from './records.js';
import type { Keyring } from './sealing.js';

/** Where a record stands. */
export interface Place {
  readonly owner: OwnerKey;
  readonly field: string;
}

/** Seals a connection for its place under a generation. */
export function sealConnection(keyring: Keyring, place: Place, stored: StoredConnection): Versioned {
  return seal(keyring, place, stored.generation, formatConnection(stored.connection));
}

/** Opens a connection. @throws {KeyUnavailable} @throws {StoredTokenUnreadable} */
export function openConnection(keyring: Keyring, place: Place, found: Versioned): StoredConnection {
  const connection: Connection = parseConnection(open(keyring, place, found));
  return { connection, generation: found.version };
}

/** Seals a grant for its place under a generation. */
export function sealGrant(keyring: Keyring, place: Place, grant: AwaitingGrant, generation: number): Versioned {
  return seal(keyring, place, generation, formatGrant(grant));
}

/** Opens a grant. @throws {KeyUnavailable} @throws {StoredTokenUnreadable} */
export function openGrant(keyring: Keyring, place: Place, found: Versioned): StoredGrant {
  const grant = parseGrant(open(keyring, place, found));
  return { connectId: connectIdOf(place.field), grant, generation: found.version };
}

function seal(keyring: Keyring, place: Place, version: number, plaintext: Buffer): Versioned {
  return { version, bytes: keyring.seal(plaintext, fieldSeal(place, version)) };
}

function open(keyring: Keyring, place: Place, { version, bytes }: Versioned): Buffer {
  return keyring.open(bytes, fieldSeal(place, version));
}

/** What a field's seal is bound to. Owner keys and fields hold no line break, so no two places share this text. */
export function fieldSeal({ owner, field }: Place, version: number): string {
  return `field\n${owner}\n${field}\n${version}`;
}
