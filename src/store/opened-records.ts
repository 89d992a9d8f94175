/** Remembers the content of opened records, so that one that has not changed is not opened again. */

import type { AccountLabel, ConnectionRef, Owner, ProviderId, TenantId, UserId } from '../core/identifiers.js';
import { RecentMap } from '../core/recent-map.js';
import type { KnownField } from './engine.js';
import { flat } from './flat-text.js';

/** Records are forgotten when not read for this long, ms, up to twice as long: an idle process holds no tokens. */
const forgetAfterMs = 60_000;
/** Records kept for one user; further ones are opened each time. */
const mostOfOneUser = 16;

/** An opened record: its place, its content, and the fingerprint of its sealed bytes. */
export interface Opened<T> extends KnownField {
  readonly tenant: TenantId;
  readonly provider: ProviderId;
  readonly account: AccountLabel;
  readonly value: T;
  /** The next record of the same user id; `OpenedRecords` sets it. */
  next: Opened<T> | undefined;
}

/**
 * Opened records, bounded in number and time. They never replace a read of the store: a record found here is only used if
 * the engine answers that it still has the same bytes. Opening takes about 8 µs, comparing the bytes 0.15. The key is the
 * user id as the caller passes it: a key of everything that identifies a record took 0.4.
 */
export class OpenedRecords<T> {
  readonly #most: number;
  readonly #users: RecentMap<string, Opened<T>>;
  #timer: NodeJS.Timeout | undefined;

  /** @param most for at least this many users, records are kept if they are read; for at most twice as many. 0 keeps none */
  constructor(most: number) {
    this.#most = most;
    // Also flattens the key of an entry that moves to the young generation, as it then gets the key of that caller.
    this.#users = new RecentMap(most, flat);
  }

  /** The record as it was opened last; `undefined` if it is not remembered. */
  find({ owner, provider, account }: ConnectionRef): Opened<T> | undefined {
    let record = this.#users.get(owner.userId);
    while (record && !(record.provider === provider && record.account === account && record.tenant === owner.tenant)) {
      record = record.next;
    }
    return record;
  }

  /** Remembers a record, and forgets the previous one of the same place. */
  remember(ref: ConnectionRef, record: Opened<T>): void {
    if (this.#most === 0) return;
    const { userId } = ref.owner;
    const known = this.find(ref);
    const others = this.#of(userId).filter((other) => other !== known);
    this.#keep(userId, [{ ...record, key: flat(record.key) }, ...others].slice(0, mostOfOneUser));
    this.#timer ??= setInterval(() => this.#age(), forgetAfterMs).unref();
  }

  /** To be called when a record is gone or replaced. */
  forget(ref: ConnectionRef): void {
    const known = this.find(ref);
    if (known === undefined) return;
    const { userId } = ref.owner;
    this.#keep(
      userId,
      this.#of(userId).filter((other) => other !== known),
    );
  }

  /** Forgets all records of an owner. */
  forgetAll({ tenant, userId }: Owner): void {
    this.#keep(
      userId,
      this.#of(userId).filter((other) => other.tenant !== tenant),
    );
  }

  /** The number of users whose records are remembered. */
  get size(): number {
    return this.#users.size;
  }

  #of(userId: UserId): Opened<T>[] {
    const records: Opened<T>[] = [];
    for (let record = this.#users.get(userId); record; record = record.next) records.push(record);
    return records;
  }

  #keep(userId: UserId, records: readonly Opened<T>[]): void {
    this.#users.delete(userId);
    const [first] = records;
    if (first === undefined) return;
    for (const [index, record] of records.entries()) record.next = records[index + 1];
    this.#users.set(userId, first);
  }

  #age(): void {
    this.#users.age();
    if (this.#users.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
