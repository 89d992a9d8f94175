/** Remembers what records held when they were opened, so that one that has not changed is not opened again. */

import type { AccountLabel, ConnectionRef, Owner, ProviderId, TenantId, UserId } from '../core/identifiers.js';
import { RecentMap } from '../core/recent-map.js';
import type { KnownField } from './engine.js';
import { flat } from './flat-text.js';

/** What is not read for this long is forgotten, up to twice as long, ms: an idle process holds no tokens. */
const forgetAfterMs = 60_000;
/** Of one user; who has more has the others opened each time. */
const mostOfOneUser = 16;

/** A record as it was opened: whose it is, what it held, and what the bytes that it lay in are known by. */
export interface Opened<T> extends KnownField {
  readonly tenant: TenantId;
  readonly provider: ProviderId;
  readonly account: AccountLabel;
  readonly value: T;
  /** The one before it of the same user id; `OpenedRecords` sets it. */
  next: Opened<T> | undefined;
}

/**
 * Opened records, bounded in number and in time. They never answer instead of the store: what is found here is shown to
 * the engine, and holds only if the engine answers that it has the very same bytes. Opening takes about 8 µs, comparing
 * the bytes 0.15. They lie under the user id as the caller has it: a name made of all that tells records apart took 0.4.
 */
export class OpenedRecords<T> {
  readonly #most: number;
  readonly #users: RecentMap<string, Opened<T>>;
  #timer: NodeJS.Timeout | undefined;

  /** @param most of how many users records are kept at least, if they are read; at most of twice as many. 0 keeps none */
  constructor(most: number) {
    this.#most = most;
    // Also what moves to the young generation does so under the key that a caller gave.
    this.#users = new RecentMap(most, flat);
  }

  /** What was opened last; `undefined` when nothing is remembered. */
  find({ owner, provider, account }: ConnectionRef): Opened<T> | undefined {
    let record = this.#users.get(owner.userId);
    while (record && !(record.provider === provider && record.account === account && record.tenant === owner.tenant)) {
      record = record.next;
    }
    return record;
  }

  /** Remembers; another record of the same place is forgotten. */
  remember(ref: ConnectionRef, record: Opened<T>): void {
    if (this.#most === 0) return;
    const { userId } = ref.owner;
    const known = this.find(ref);
    const others = this.#of(userId).filter((other) => other !== known);
    this.#keep(userId, [{ ...record, key: flat(record.key) }, ...others].slice(0, mostOfOneUser));
    this.#timer ??= setInterval(() => this.#age(), forgetAfterMs).unref();
  }

  /** To be told when a record is gone or replaced. */
  forget(ref: ConnectionRef): void {
    const known = this.find(ref);
    if (known === undefined) return;
    const { userId } = ref.owner;
    this.#keep(
      userId,
      this.#of(userId).filter((other) => other !== known),
    );
  }

  /** All of an owner. */
  forgetAll({ tenant, userId }: Owner): void {
    this.#keep(
      userId,
      this.#of(userId).filter((other) => other.tenant !== tenant),
    );
  }

  /** Of how many users records are remembered. */
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
