/**
 * Holds the latest commits of this process, sealed as they are stored, and puts them back when a failover has lost them
 * (threats R9): replication is asynchronous, and a refresh token that was rotated away is no use to anybody.
 */

import type { OwnerKey } from '../../core/identifiers.js';
import type { FieldChange } from '../engine.js';

/** Far longer than any failover takes, ms. */
const keepMs = 300_000;
const keepMost = 10_000;

/** One write that was acknowledged. */
export interface Commit {
  readonly owner: OwnerKey;
  readonly changes: readonly FieldChange[];
  /** Ms of the process's own steady clock. */
  readonly at: number;
}

/** The journal of one process, in memory and bounded. */
export class RecentCommits {
  readonly #commits = new Map<string, Commit>();

  /** Notes a write; an earlier one of the same fields is of no use any more. */
  note(owner: OwnerKey, changes: readonly FieldChange[]): void {
    const at = performance.now();
    const name = JSON.stringify([owner, ...changes.map(({ field }) => field)]);
    this.#commits.delete(name);
    this.#commits.set(name, { owner, changes, at });
    for (const [oldest, commit] of this.#commits) {
      if (at - commit.at <= keepMs && this.#commits.size <= keepMost) break;
      this.#commits.delete(oldest);
    }
  }

  /** Those of the last minutes, oldest first. */
  list(): readonly Commit[] {
    const since = performance.now() - keepMs;
    return [...this.#commits.values()].filter(({ at }) => at >= since);
  }

  get isEmpty(): boolean {
    return this.#commits.size === 0;
  }
}
