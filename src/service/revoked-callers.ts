/** Callers whose JWTs are refused although they are still valid: by subject, or one token by its id. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TenantId } from '../core/identifiers.js';
import { RecentMap } from '../core/recent-map.js';
import type { DocumentStore } from '../core/store.js';

/** What is refused: all tokens of a subject, or one token. */
export type RevokedName = { readonly subject: string } | { readonly jti: string };

/** For how long a replica may go on with the list that it knows, ms. */
const knownForMs = 3000;
/** For how many tenants lists are remembered, at least. */
const mostTenants = 1_000;

const entrySchema = z.object({ until: z.number().optional() });

/** The revocations of one tenant: name to the time at which it ends (epoch ms; infinite = never). */
type Entries = ReadonlyMap<string, number>;

/** The list of each tenant, read again every few seconds at most, as each authentication needs it. */
export class RevokedCallers {
  readonly #documents: DocumentStore;
  readonly #now: () => number;
  readonly #known = new RecentMap<TenantId, { readonly readAt: number; readonly entries: Promise<Entries> }>(
    mostTenants,
  );

  /** @param now epoch ms */
  constructor(documents: DocumentStore, now: () => number) {
    this.#documents = documents;
    this.#now = now;
  }

  /** Refuses from now until `until` (epoch ms; absent = for ever; a time in the past cancels a refusal). */
  async revoke(tenant: TenantId, name: RevokedName, until?: number): Promise<void> {
    const collection = collectionOf(tenant);
    await this.#documents.put(collection, textOf(name), { until });
    this.#known.delete(tenant);
    const entries = [...(await this.#entries(tenant))];
    const over = entries.filter(([, end]) => end <= this.#now());
    await Promise.all(over.map(([id]) => this.#documents.remove(collection, id)));
  }

  /**
   * Whether a token of that subject, and of that id if it has one, is refused.
   *
   * @throws {StoreUnavailable} the list cannot be read
   */
  async has(tenant: TenantId, { subject, jti }: { subject: string; jti?: string | undefined }): Promise<boolean> {
    const entries = await this.#entries(tenant);
    const names = [textOf({ subject }), ...(jti === undefined ? [] : [textOf({ jti })])];
    return names.some((name) => (entries.get(name) ?? 0) > this.#now());
  }

  #entries(tenant: TenantId): Promise<Entries> {
    const known = this.#known.get(tenant);
    if (known !== undefined && isRecent(this.#now() - known.readAt)) return known.entries;
    const entries = this.#read(tenant);
    this.#known.set(tenant, { readAt: this.#now(), entries });
    entries.catch(() => this.#known.delete(tenant));
    return entries;
  }

  async #read(tenant: TenantId): Promise<Entries> {
    const documents = await this.#documents.list(collectionOf(tenant));
    return new Map(
      [...documents].map(([id, value]) => [id, entrySchema.parse(value).until ?? Number.POSITIVE_INFINITY]),
    );
  }
}

/** After a clock was set back, nothing counts as recent. */
function isRecent(ageMs: number): boolean {
  return ageMs >= 0 && ageMs < knownForMs;
}

function collectionOf(tenant: TenantId): string {
  return `revoked-${createHash('sha256').update(tenant).digest('base64url')}`;
}

function textOf(name: RevokedName): string {
  return 'jti' in name ? `jti\n${name.jti}` : `sub\n${name.subject}`;
}
