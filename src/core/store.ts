/** The interface that storage fulfils. A method that cannot answer throws `StoreUnavailable`; absence is a value. */

import type { AuditEntry, StoredAuditEntry } from './audit.js';
import type { AwaitingGrant, ExpiringRecord, Purpose } from './connect.js';
import type { Connection, StoredConnection } from './connection.js';
import type { ConnectionEvent, StoredEvent } from './events.js';
import type { ConnectionRef, Owner, TenantId } from './identifiers.js';
import type { Spool } from './spool.js';

/** Whether a compare-and-set write happened, or somebody else had moved the generation. */
export type WriteOutcome = 'stored' | 'moved';

/** An awaiting grant as read from the store, with the generation that a write must name. */
export interface StoredGrant {
  readonly connectId: string;
  readonly grant: AwaitingGrant;
  readonly generation: number;
}

/** Everything of one owner, read in one round trip. Records that cannot be opened are named, not dropped. */
export interface OwnerRecords {
  readonly connections: readonly StoredConnection[];
  readonly awaiting: readonly StoredGrant[];
  /** Epoch ms, by connection id. */
  readonly lastUsedAt: ReadonlyMap<string, number>;
  readonly unreadable: readonly { readonly field: string; readonly error: Error }[];
}

/**
 * One change to an owner's records. `expect` is the generation to be replaced, or `absent`; `any` only where a lost
 * race does no harm; `keepsIntent` where the refresh token stays. Several changes happen together or not at all.
 */
export type OwnerChange =
  | {
      readonly kind: 'put_connection';
      readonly connection: Connection;
      readonly expect: number | 'absent';
      readonly generation: number;
      readonly keepsIntent?: boolean;
    }
  | { readonly kind: 'remove_connection'; readonly ref: ConnectionRef; readonly expect: number | 'any' }
  | {
      readonly kind: 'put_grant';
      readonly connectId: string;
      readonly grant: AwaitingGrant;
      readonly expect: number | 'absent';
    }
  | { readonly kind: 'remove_grant'; readonly connectId: string; readonly expect: number | 'any' };

/** What is written before a refresh token leaves: which generation is being spent, by whom, since when. Not secret. */
export interface RefreshIntent {
  readonly generation: number;
  readonly holder: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Epoch ms until which the provider may still answer. */
  readonly deadline: number;
  /** How often this generation was already sent, this time included. */
  readonly attempt: number;
}

/** The answer to `beginRefresh`: look, lock and look again in one step. */
export type BeginRefresh =
  /** The lease is ours and the intent is written. `previous` is an intent for the same refresh token that nobody ended. */
  | { readonly kind: 'begun'; readonly previous?: RefreshIntent }
  /** Somebody else holds the lease for another `remainingMs`. */
  | { readonly kind: 'busy'; readonly remainingMs: number }
  /** The stored generation is no longer the one named: read again. */
  | { readonly kind: 'moved' };

/** Connections and awaiting grants of owners. */
export interface ConnectionStore {
  /** One connection, in one round trip. `undefined` when there is none. */
  find(ref: ConnectionRef): Promise<StoredConnection | undefined>;
  list(owner: Owner): Promise<OwnerRecords>;
  /** Everything, owner by owner, at the caller's pace. Whoever is there from start to end is met at least once. For upkeep. */
  walk(): AsyncIterable<OwnerRecords>;
  /**
   * Applies the changes together, or none when any `expect` does not hold. A changed connection ends its refresh
   * intent, unless the change keeps it; `finishes` gives the holder's refresh lease back with it.
   */
  write(
    owner: Owner,
    changes: readonly OwnerChange[],
    finishes?: { ref: ConnectionRef; holder: string },
  ): Promise<WriteOutcome>;
  /** Removes everything of one owner, marks and intents included; answers what there was, but for the marks. */
  erase(owner: Owner): Promise<OwnerRecords>;
  /** Notes when a connection was last used (epoch ms). Never touches the connection's record or generation. */
  markUsed(ref: ConnectionRef, at: number): Promise<void>;

  /**
   * Takes the refresh lease and writes the intent, if `intent.generation` is still the stored one. An intent that nobody
   * ended is answered as `previous` and left standing, unless `replaces` says that it was weighed.
   */
  beginRefresh(
    ref: ConnectionRef,
    intent: RefreshIntent,
    lease: { readonly ms: number; readonly replaces?: boolean },
  ): Promise<BeginRefresh>;
  /** Prolongs the lease; `false` when it is no longer ours. */
  renewRefresh(ref: ConnectionRef, holder: string, leaseMs: number): Promise<boolean>;
  /** Gives the lease back. `spent: 'no'` also ends the intent: the refresh token certainly did not reach the provider. */
  endRefresh(ref: ConnectionRef, holder: string, spent: 'no' | 'unknown'): Promise<void>;
  /** The intent that stands on a connection, if any. */
  findIntent(ref: ConnectionRef): Promise<RefreshIntent | undefined>;
}

/** One-time and short-lived records. `key` is the secret value itself; only its SHA-256 is kept. */
export interface ExpiringStore {
  /** Saves under a key; replaces what was there. */
  save<P extends Purpose>(purpose: P, key: string, record: ExpiringRecord<P>, ttlMs: number): Promise<void>;
  find<P extends Purpose>(purpose: P, key: string): Promise<ExpiringRecord<P> | undefined>;
  /** Reads and deletes at once: of any number of callers exactly one gets the record. */
  take<P extends Purpose>(purpose: P, key: string): Promise<ExpiringRecord<P> | undefined>;
  /** Saves `next` if `known` is what is there still, or if nothing is where there was none; answers whether it has. */
  exchange<P extends Purpose>(
    purpose: P,
    key: string,
    change: { readonly known: ExpiringRecord<P> | undefined; readonly next: ExpiringRecord<P>; readonly ttlMs: number },
  ): Promise<boolean>;
  /** Lets a record last `ttlMs` from now, if it is still there; never brings one back. */
  prolong(purpose: Purpose, key: string, ttlMs: number): Promise<boolean>;
  remove(purpose: Purpose, key: string): Promise<void>;
}

/** Counts within a window, over all replicas. */
export interface CounterStore {
  /** Adds `by` (default 1); the first addition starts the window of `windowMs`. Answers the count and what is left of it. */
  add(name: string, windowMs: number, by?: number): Promise<{ readonly count: number; readonly remainingMs: number }>;
  /** The count of the running window; 0 when there is none. */
  peek(name: string): Promise<number>;
  /** Forgets the count. */
  reset(name: string): Promise<void>;
}

/** A lease is one holder's for a time; nobody else gets it until then. */
export interface LeaseStore {
  acquire(name: string, holder: string, ttlMs: number): Promise<boolean>;
  renew(name: string, holder: string, ttlMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
}

/** What a claim is known by: `member` is opaque to all but the store; the claim lasts until `claimedUntil`, epoch ms. */
export interface DueClaim {
  readonly member: string;
  readonly claimedUntil: number;
}

/** A claimed entry with its connection; that is `undefined` when it is gone. */
export interface DueEntry extends DueClaim {
  readonly stored: StoredConnection | undefined;
}

/** When connections want to be looked after, over all owners. */
export interface DueStore {
  /** Sets (or moves) when the connection is due, epoch ms. */
  schedule(ref: ConnectionRef, dueAt: number): Promise<void>;
  unschedule(ref: ConnectionRef): Promise<void>;
  /** Up to `limit` entries due at `now`; each is hidden from other claimers for `leaseMs`. */
  claim(now: number, limit: number, leaseMs: number): Promise<readonly DueEntry[]>;
  /** Moves a claimed entry, or takes it out; one that anybody has moved since it was claimed stays where it is. */
  settle(claim: DueClaim, next: number | 'remove'): Promise<void>;
  /** How many are due at `now`. */
  backlog(now: number): Promise<number>;
}

/** The tenant's log of events. */
export interface EventStore {
  append(tenant: TenantId, event: ConnectionEvent): Promise<string>;
  /** Events after the given id, oldest first; `undefined` = from the oldest kept. */
  read(tenant: TenantId, after: string | undefined, limit: number): Promise<readonly StoredEvent[]>;
  /** The id of the newest event, or the id before the first. */
  newest(tenant: TenantId): Promise<string>;
  /** Every tenant that ever had an event. */
  tenants(): Promise<readonly TenantId[]>;
  /** Resolves when there may be something after `after`, or when the signal fires. Never rejects on the signal. */
  wait(tenant: TenantId, after: string, signal: AbortSignal): Promise<void>;
}

/** Each tenant's audit trail. Entries are only ever added; their age alone takes them out. */
export interface AuditStore {
  append(entry: AuditEntry): Promise<string>;
  /** Entries after the given id, oldest first; `undefined` = from the oldest kept. */
  read(tenant: TenantId, after: string | undefined, limit: number): Promise<readonly StoredAuditEntry[]>;
  /** The newest `limit` entries, oldest first. */
  readEnd(tenant: TenantId, limit: number): Promise<readonly StoredAuditEntry[]>;
  /** As for events. */
  wait(tenant: TenantId, after: string | undefined, signal: AbortSignal): Promise<void>;
}

/** Keyed digests of return codes; the pepper never leaves the store's keyring. */
export interface CodeDigests {
  digest(owner: Owner, code: string): string;
  matches(owner: Owner, code: string, digest: string): boolean;
}

/** Settings that live in the store: API keys, registrations. Small, named, sealed. */
export interface DocumentStore {
  put(collection: string, id: string, value: unknown): Promise<void>;
  /** Puts only if there is none of that id. */
  create(collection: string, id: string, value: unknown): Promise<boolean>;
  find(collection: string, id: string): Promise<unknown>;
  /** All, by id. `passOver` is told of each that cannot be opened, which is left out; without it the list fails. */
  list(collection: string, passOver?: (error: Error) => void): Promise<ReadonlyMap<string, unknown>>;
  remove(collection: string, id: string): Promise<boolean>;
}

/** How the store feels: for `readyz` and the doctor. */
export interface StoreHealth {
  readonly kind: 'redis' | 'embedded';
  /** Round trip of a small command, ms. */
  readonly latencyMs: number;
  /** Things an operator should know; each a sentence. */
  readonly warnings: readonly string[];
}

/** What happened to commits since this process began. */
export interface StoreFigures {
  /** Fewer replicas have confirmed them than were asked for. */
  readonly commitsUnacknowledged: number;
  /** A failover had lost them, and they were put back. */
  readonly commitsRestored: number;
}

/** Everything that is kept. */
export interface Store {
  readonly connections: ConnectionStore;
  readonly expiring: ExpiringStore;
  readonly counters: CounterStore;
  readonly leases: LeaseStore;
  readonly due: DueStore;
  readonly events: EventStore;
  readonly audit: AuditStore;
  readonly codes: CodeDigests;
  readonly documents: DocumentStore;
  /** Only where a place for it is configured. */
  readonly spool?: Spool;
  /** The store's own clock, epoch ms: all replicas agree on it. */
  now(): Promise<number>;
  /** Throws `StoreUnavailable` when it cannot be used. */
  check(): Promise<StoreHealth>;
  /** Costs nothing and asks nobody. */
  figures(): StoreFigures;
  close(): Promise<void>;
}
