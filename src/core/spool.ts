/** Refreshed tokens that the store has not taken yet, kept on this machine. */

import type { StoredConnection } from './connection.js';
import type { TokenSet } from './token-set.js';

/** A refresh whose answer the store has not taken yet: what was sent, and what came back. */
export interface SpooledCommit {
  readonly sent: StoredConnection;
  readonly answer: TokenSet;
}

/** Where such answers are kept beyond the life of this process. Its failures are those of a disk. */
export interface Spool {
  keep(commit: SpooledCommit): Promise<void>;
  /** Idempotent. */
  drop(commit: SpooledCommit): Promise<void>;
  list(): Promise<readonly SpooledCommit[]>;
}
