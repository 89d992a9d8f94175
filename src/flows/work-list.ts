/** A list in the store that a worker goes over again and again. An entry that cannot be read does not stop the others. */

import type { z } from 'zod';
import type { Dependencies } from './dependencies.js';

/** Remembers how many entries could not be read, and logs only when there are more than at the last look. */
export class WorkList<S extends z.ZodType> {
  readonly #deps: Pick<Dependencies, 'store' | 'log'>;
  readonly #collection: string;
  readonly #schema: S;
  #unread = 0;

  constructor(deps: Pick<Dependencies, 'store' | 'log'>, collection: string, schema: S) {
    this.#deps = deps;
    this.#collection = collection;
    this.#schema = schema;
  }

  /** All entries by id, in one round trip. @throws {StoreUnavailable} */
  async read(): Promise<ReadonlyMap<string, z.output<S>>> {
    const { store, log } = this.#deps;
    let unread = 0;
    const passOver = () => {
      unread += 1;
    };
    const read = new Map<string, z.output<S>>();
    for (const [id, entry] of await store.documents.list(this.#collection, passOver)) {
      const parsed = this.#schema.safeParse(entry);
      if (parsed.success) read.set(id, parsed.data);
      else passOver();
    }
    if (unread > this.#unread) log.error({ list: this.#collection, unread }, 'entries of a list cannot be read');
    this.#unread = unread;
    return read;
  }
}
