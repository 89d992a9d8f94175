/** What the tests of caller authentication share: documents in memory, headers, and why a caller was refused. */

import { expect } from 'vitest';
import { Unauthorized } from '../../src/core/errors.js';
import type { DocumentStore } from '../../src/core/store.js';

/** Documents in memory: what is tested here is who may call, not where keys are kept. */
export class MemoryDocuments implements DocumentStore {
  readonly kept = new Map<string, Map<string, unknown>>();
  finds = 0;

  async put(collection: string, id: string, value: unknown): Promise<void> {
    this.#of(collection).set(id, structuredClone(value));
  }

  async create(collection: string, id: string, value: unknown): Promise<boolean> {
    if (this.#of(collection).has(id)) return false;
    await this.put(collection, id, value);
    return true;
  }

  async find(collection: string, id: string): Promise<unknown> {
    this.finds += 1;
    return this.#of(collection).get(id);
  }

  async list(collection: string): Promise<ReadonlyMap<string, unknown>> {
    return this.#of(collection);
  }

  async remove(collection: string, id: string): Promise<boolean> {
    return this.#of(collection).delete(id);
  }

  #of(collection: string): Map<string, unknown> {
    const found = this.kept.get(collection) ?? new Map<string, unknown>();
    this.kept.set(collection, found);
    return found;
  }
}

/**
 * `undefined` when the credential is good, else the reason for the log. A refusal says that a credential was presented,
 * unless there was none.
 */
export async function reasonOf(attempt: Promise<unknown>): Promise<string | undefined> {
  const outcome = await attempt.catch((error: unknown) => error);
  if (outcome instanceof Error && !(outcome instanceof Unauthorized)) throw outcome;
  if (!(outcome instanceof Unauthorized)) return undefined;
  expect(outcome.presented).toBe(outcome.reason !== 'credential_missing');
  return outcome.reason;
}

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
