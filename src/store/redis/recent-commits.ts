/**
 * Holds the latest commits of this process, sealed as they are stored, and its open claims, and puts them back when a
 * failover has lost them (threats R9): replication is asynchronous, and a refresh token that was rotated away is no use
 * to anybody. Nor is one that somebody else sends a second time, because the intent of the first sending is gone.
 */

import type { OwnerKey } from '../../core/identifiers.js';
import { RecentMap } from '../../core/recent-map.js';
import type { ClaimRequest, FieldChange, FieldClaim } from '../engine.js';
import { KeptBytes } from './kept-bytes.js';

/** Far longer than any failover takes, ms. */
const keepMs = 300_000;
/** At least so many, at most twice as many. */
const keepLatest = 10_000;

/** One change of a write that was acknowledged. */
export interface Commit {
  readonly owner: OwnerKey;
  readonly change: FieldChange;
  /** Ms of the process's own steady clock. */
  readonly at: number;
}

/** A claim that was granted and not given back. */
export interface OpenClaim {
  readonly owner: OwnerKey;
  readonly claim: ClaimRequest;
}

/** The journal of one process, in memory and bounded. */
export class RecentCommits {
  readonly #commits = new RecentMap<string, Commit>(keepLatest);
  readonly #claims = new Map<string, OpenClaim>();
  readonly #bytes = new KeptBytes();

  /** Notes a write; what was written to the same fields before is of no use any more. */
  note(owner: OwnerKey, changes: readonly FieldChange[]): void {
    const at = performance.now();
    for (const change of changes) {
      const name = nameOf(owner, change.field);
      const next = change.next && { version: change.next.version, bytes: this.#bytes.keep(change.next.bytes) };
      this.#commits.delete(name);
      this.#commits.set(name, { owner, change: next ? { ...change, next } : change, at });
    }
  }

  /** Those of the last minutes, oldest first. */
  list(): readonly Commit[] {
    const since = performance.now() - keepMs;
    return [...this.#commits.values()].filter(({ at }) => at >= since);
  }

  /** Notes a claim. There are as many as refreshes under way. */
  claimed(owner: OwnerKey, claim: ClaimRequest): void {
    this.#claims.set(nameOf(owner, claim.field), { owner, claim });
  }

  /** Notes that a claim was given back, or is about to be. */
  released(owner: OwnerKey, { field, holder }: FieldClaim): void {
    const name = nameOf(owner, field);
    if (this.#claims.get(name)?.claim.holder === holder) this.#claims.delete(name);
  }

  /** The claims that are held now. */
  listClaims(): readonly OpenClaim[] {
    return [...this.#claims.values()];
  }

  get isEmpty(): boolean {
    return this.#commits.size === 0 && this.#claims.size === 0;
  }
}

/** Neither an owner's key nor a field holds a line break. */
function nameOf(owner: OwnerKey, field: string): string {
  return `${owner}\n${field}`;
}
