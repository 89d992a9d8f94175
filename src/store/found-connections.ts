/** Finds connections by their place: reads the engine each time, and opens only records that have changed. */

import type { StoredConnection } from '../core/connection.js';
import { type ConnectionRef, type Owner, type OwnerKey, ownerKeyOf } from '../core/identifiers.js';
import type { FoundField, StorageEngine } from './engine.js';
import { connectionFieldOf } from './field-names.js';
import { areAlike } from './fingerprint.js';
import { OpenedRecords } from './opened-records.js';
import { openConnection } from './sealed-fields.js';
import type { Keyring } from './sealing.js';

/** Connections of an engine, as they were opened last. */
export class FoundConnections {
  readonly #engine: StorageEngine;
  readonly #keyring: Keyring;
  readonly #opened: OpenedRecords<StoredConnection>;

  /** @param keepOpened for this many users, opened connections may be reused while their sealed bytes are unchanged */
  constructor(engine: StorageEngine, keyring: Keyring, keepOpened: number) {
    this.#engine = engine;
    this.#keyring = keyring;
    this.#opened = new OpenedRecords(keepOpened);
  }

  /** @throws {StoreUnavailable | KeyUnavailable | StoredTokenUnreadable} */
  find(ref: ConnectionRef): Promise<StoredConnection | undefined> {
    const known = this.#opened.find(ref);
    if (known === undefined) return this.#findAnew(ref);
    return this.#engine.readUnlessSame(known, (found) =>
      found === 'same' ? known.value : this.#open(ref, ownerKeyOf(ref.owner), found),
    );
  }

  /** To be called when a connection is gone or replaced. */
  forget(ref: ConnectionRef): void {
    this.#opened.forget(ref);
  }

  /** Forgets all connections of an owner. */
  forgetAll(owner: Owner): void {
    this.#opened.forgetAll(owner);
  }

  async #findAnew(ref: ConnectionRef): Promise<StoredConnection | undefined> {
    const owner = ownerKeyOf(ref.owner);
    return this.#open(ref, owner, await this.#engine.findField(owner, connectionFieldOf(ref)));
  }

  #open(ref: ConnectionRef, owner: OwnerKey, found: FoundField | undefined): StoredConnection | undefined {
    const latest = this.#opened.find(ref);
    this.#opened.forget(ref);
    if (found === undefined) return undefined;
    const { key, field, from, to, even, odd, sight } = found.known;
    // Another caller may have opened it meanwhile; it is the same even if its place in the bytes has moved.
    const isOpen = latest !== undefined && areAlike(latest, found.known);
    const value = isOpen ? latest.value : openConnection(this.#keyring, { owner, field }, found);
    const { provider, account } = ref;
    const { tenant } = ref.owner;
    this.#opened.remember(ref, {
      provider,
      account,
      tenant,
      key,
      field,
      from,
      to,
      even,
      odd,
      sight,
      value,
      next: undefined,
    });
    return value;
  }
}
