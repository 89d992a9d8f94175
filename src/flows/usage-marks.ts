/** Notes when a connection was last used, seldom enough that reading a token stays one round trip. */

import { LRUCache } from 'lru-cache';
import type { ConnectionRef } from '../core/identifiers.js';
import type { Dependencies } from './dependencies.js';

/** A mark is as exact as a person looking at the account page needs it. */
const markEveryMs = 60_000;
const mostRemembered = 10_000;

/** Marks of one process, written at most once a minute for each connection. */
export class UsageMarks {
  readonly #deps: Dependencies;
  readonly #marked = new LRUCache<string, number>({ max: mostRemembered });

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Never throws and never waits: a mark that is lost costs nobody a token. */
  mark(ref: ConnectionRef): void {
    const now = this.#deps.now();
    // None of them can hold a line break.
    const key = `${ref.owner.tenant}\n${ref.owner.userId}\n${ref.provider}\n${ref.account}`;
    if (now - (this.#marked.get(key) ?? Number.NEGATIVE_INFINITY) < markEveryMs) return;
    this.#marked.set(key, now);
    this.#deps.store.connections.markUsed(ref, now).catch(() => {
      this.#deps.log.debug({ provider: ref.provider }, 'a usage mark was lost');
    });
  }
}
