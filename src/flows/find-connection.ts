/** Finds the connection that a caller means, with as few reads as possible. */

import type { Connection, StoredConnection } from '../core/connection.js';
import { type AccountLabel, defaultAccount, type Owner, type ProviderId } from '../core/identifiers.js';
import type { OwnerRecords } from '../core/store.js';
import type { Dependencies } from './dependencies.js';

/** Which connection: by its label, or by the account's id or e-mail at the provider; absent = the default. */
export interface ConnectionWish {
  readonly owner: Owner;
  readonly provider: ProviderId;
  readonly account?: AccountLabel;
}

/** A connection, or why there is none. */
export type FoundConnection =
  | { readonly kind: 'found'; readonly stored: StoredConnection }
  | { readonly kind: 'none'; readonly reason: 'not_connected' | 'awaiting_proof' };

/**
 * One round trip if the label matches or the default exists. Otherwise all of the owner's records are read once: to find
 * the account by its id or e-mail at the provider, or the only account, and to tell an unproven grant from none.
 *
 * @throws {StoredTokenUnreadable} a record of this provider cannot be opened; that is not absence
 */
export async function findConnection(deps: Dependencies, wish: ConnectionWish): Promise<FoundConnection> {
  const exact = await findExact(deps, wish);
  return exact === undefined ? findOtherwise(deps, wish) : { kind: 'found', stored: exact };
}

/** The connection of exactly that label, or of the default one. @throws {StoredTokenUnreadable} */
export function findExact(deps: Dependencies, wish: ConnectionWish): Promise<StoredConnection | undefined> {
  const { owner, provider, account = defaultAccount } = wish;
  return deps.store.connections.find({ owner, provider, account });
}

/** The rest of {@link findConnection}, if {@link findExact} found none. */
export async function findOtherwise(deps: Dependencies, wish: ConnectionWish): Promise<FoundConnection> {
  const { owner, provider } = wish;
  const records = await deps.store.connections.list(owner);
  const candidates = records.connections.filter(({ connection }) => connection.provider === provider);
  const chosen =
    wish.account === undefined
      ? only(candidates)
      : candidates.find(({ connection }) => isMeant(connection, wish.account));
  if (chosen !== undefined) return { kind: 'found', stored: chosen };
  return { kind: 'none', reason: awaitsProof(records, provider, deps.now()) ? 'awaiting_proof' : 'not_connected' };
}

function only<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

function isMeant({ account, identity }: Connection, wanted: string | undefined): boolean {
  return account === wanted || identity?.id === wanted || (identity?.email !== undefined && identity.email === wanted);
}

function awaitsProof(records: OwnerRecords, provider: ProviderId, now: number): boolean {
  return records.awaiting.some(
    ({ grant }) => grant.connection.provider === provider && grant.ended === undefined && grant.expiresAt > now,
  );
}
