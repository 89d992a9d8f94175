/** Notes when a connection was last used, seldom enough that reading a token stays one round trip. */

import { refOf, type StoredConnection } from '../core/connection.js';
import { RecentMap } from '../core/recent-map.js';
import type { Dependencies } from './dependencies.js';

/** A mark is as exact as a person looking at the account page needs it. */
const markEveryMs = 60_000;
const mostRemembered = 32_768;

/** Marks of one process, written at most once a minute for each connection. */
export class UsageMarks {
  readonly #deps: Dependencies;
  readonly #marked = new RecentMap<string, number>(mostRemembered);

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Never throws and never waits: a mark that is lost costs nobody a token. Answers when the next one is due, epoch ms. */
  mark({ connection }: StoredConnection): number {
    const now = this.#deps.now();
    const { connectionId, provider } = connection;
    const due = (this.#marked.get(connectionId) ?? Number.NEGATIVE_INFINITY) + markEveryMs;
    if (now < due) return due;
    this.#marked.set(connectionId, now);
    this.#deps.store.connections.markUsed(refOf(connection), now).catch(() => {
      this.#deps.log.debug({ provider }, 'a usage mark was lost');
    });
    return now + markEveryMs;
  }
}
