/**
 * Holds the latest commits of this process, sealed as they are stored, and its open claims, so that they can be put back
 * when a failover has lost them (threats R9). Replication is asynchronous, and without the commit only a refresh token is
 * left that was rotated away. Without the claim, another process could send a refresh token a second time.
 */

import type { OwnerKey } from '../../core/identifiers.js';
import type { ClaimRequest, FieldChange, FieldClaim } from '../engine.js';
import { KeptBytes } from './kept-bytes.js';

/** Far longer than any failover takes, ms. */
const keepMs = 300_000;
/** The newest so many are kept, and at most twice as many. */
const keepLatest = 10_000;

/** One change of a write that was acknowledged. */
export interface Commit {
  readonly owner: OwnerKey;
  readonly change: FieldChange;
  /** By `performance.now`. */
  readonly at: number;
}

/** A claim that was granted and not released yet. */
export interface OpenClaim {
  readonly owner: OwnerKey;
  readonly claim: ClaimRequest;
}

/** The journal of one process, in memory and bounded. */
export class RecentCommits {
  /** In the order of the commits; the old list is dropped when the young one is full. */
  #old: readonly Commit[] = [];
  #young: Commit[] = [];
  readonly #claims = new Map<string, OpenClaim>();
  readonly #bytes = new KeptBytes();

  /** Notes a write. */
  note(owner: OwnerKey, changes: readonly FieldChange[]): void {
    const at = performance.now();
    for (const change of changes) {
      const next = change.next && { version: change.next.version, bytes: this.#bytes.keep(change.next.bytes) };
      this.#young.push({ owner, change: next ? { ...change, next } : change, at });
    }
    if (this.#young.length < keepLatest) return;
    this.#old = this.#young;
    this.#young = [];
  }

  /** The latest commit to each field within the last minutes, oldest first. */
  list(): readonly Commit[] {
    const since = performance.now() - keepMs;
    const latest = new Map<string, Commit>();
    for (const commit of [...this.#old, ...this.#young]) {
      if (commit.at < since) continue;
      const name = nameOf(commit.owner, commit.change.field);
      latest.delete(name);
      latest.set(name, commit);
    }
    return [...latest.values()];
  }

  /** Notes a claim. There are as many as refreshes under way. */
  claimed(owner: OwnerKey, claim: ClaimRequest): void {
    this.#claims.set(nameOf(owner, claim.field), { owner, claim });
  }

  /** Notes that a claim was released, or is about to be. */
  released(owner: OwnerKey, { field, holder }: FieldClaim): void {
    const name = nameOf(owner, field);
    if (this.#claims.get(name)?.claim.holder === holder) this.#claims.delete(name);
  }

  /** The claims that are open now. */
  listClaims(): readonly OpenClaim[] {
    return [...this.#claims.values()];
  }

  /**
   * Whether nothing is held. Commits that are too old to be put back still count: a process that has written goes on looking
   * for new masters, so that it begins no refresh while others put back what was lost.
   */
  get isEmpty(): boolean {
    return this.#young.length + this.#old.length + this.#claims.size === 0;
  }
}

/** Neither an owner's key nor a field holds a line break. */
function nameOf(owner: OwnerKey, field: string): string {
  return `${owner}\n${field}`;
}
