/** Notices when one account at a provider comes under a second user (threat L12). */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Connection, refOf, type StoredConnection } from '../core/connection.js';
import { StoreUnavailable } from '../core/errors.js';
import { accountLabelSchema, ownerKeyOf, userIdSchema } from '../core/identifiers.js';
import { afterwards } from './afterwards.js';
import { about, announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import { holding } from './holding.js';
import { aboutConnection, recordAct, system } from './record-act.js';

/** What the index knows of a connection: where to look whether it still stands. */
const entrySchema = z.object({ userId: userIdSchema, account: accountLabelSchema });

type Index = Pick<Dependencies, 'store' | 'providers'>;

type Identified = Pick<Connection, 'tenant' | 'userId' | 'provider' | 'account' | 'identity' | 'parameters'>;

type Placed = Pick<Connection, 'tenant' | 'provider' | 'parameters'>;

/** An account at a provider, within a tenant. */
type ProviderAccount = Placed & { readonly accountId: string };

/**
 * Does the first steps of a connection to an account, for one user after the other: of two that come at once, the second
 * sees the connection of the first.
 *
 * @throws {StoreUnavailable} also when others hold the account for too long
 */
export function holdingAccount<T>(
  deps: Dependencies,
  connection: Identified,
  work: (isOurTurn: () => boolean) => Promise<T>,
): Promise<T> {
  const { identity } = connection;
  if (identity === undefined) return work(() => true);
  const name = collectionOf(deps, { ...connection, accountId: identity.id });
  const busy = () => new StoreUnavailable('Others connect the same account all the time.', 'no');
  return holding(deps, { name, busy }, work);
}

/**
 * Enters a connection into the tenant's index of provider accounts, if the provider says whose it is, and into that of
 * workspaces, if the provider may give several people one token.
 */
export async function enterAccount(deps: Index, connection: Identified): Promise<void> {
  const { userId, account } = connection;
  for (const collection of collectionsOf(deps, connection)) {
    await deps.store.documents.put(collection, keyOf(connection), { userId, account });
  }
}

/** The connections of other users to the same account. An entry without a connection is removed from the index. */
export async function findOthers(deps: Dependencies, connection: Identified): Promise<readonly Connection[]> {
  const { identity } = connection;
  if (identity === undefined) return [];
  const shared = { ...connection, accountId: identity.id };
  const entries = await deps.store.documents.list(collectionOf(deps, shared));
  const others = [...entries].filter(([key]) => !key.startsWith(ownerKeyOf(connection)));
  const found = await Promise.all(others.map(([key, value]) => verify(deps, shared, { key, value })));
  return found.filter((other) => other !== undefined);
}

/**
 * The connections of one tenant to an account at a provider, by the account's id there.
 *
 * @param onUnreadable instead of the error for a record that cannot be opened, which is then left out
 * @throws {StoreUnavailable | KeyUnavailable | StoredTokenUnreadable}
 */
export async function findByAccount(
  deps: Index,
  account: ProviderAccount,
  onUnreadable?: (error: unknown) => unknown,
): Promise<readonly StoredConnection[]> {
  const entered = await findEntered(deps, account, { collection: collectionOf(deps, account), onUnreadable });
  return entered.filter(({ connection }) => connection.identity?.id === account.accountId);
}

/**
 * The connections of one tenant to a workspace; none where each has tokens of its own.
 *
 * @throws {StoreUnavailable | KeyUnavailable | StoredTokenUnreadable}
 */
export async function findByWorkspace(deps: Index, place: Placed): Promise<readonly StoredConnection[]> {
  const collection = workspaceOf(deps, place);
  return collection === undefined ? [] : findEntered(deps, place, { collection });
}

/** The connections that the entries of a collection name. */
async function findEntered(
  { store }: Index,
  { tenant, provider }: Pick<Connection, 'tenant' | 'provider'>,
  { collection, onUnreadable }: { collection: string; onUnreadable?: ((error: unknown) => unknown) | undefined },
): Promise<readonly StoredConnection[]> {
  const found = [];
  for (const value of (await store.documents.list(collection)).values()) {
    const ref = refOf({ tenant, provider, ...entrySchema.parse(value) });
    const stored = await store.connections.find(ref).catch((error: unknown) => {
      if (onUnreadable === undefined || error instanceof StoreUnavailable) throw error;
      onUnreadable(error);
      return undefined;
    });
    if (stored !== undefined) found.push(stored);
  }
  return found;
}

/**
 * Takes a connection out of the index again. An entry that stays is recognised as stale by the next reader.
 *
 * @param anew the connection that has taken its place, which stays entered
 * @returns whether all its entries are out; `false` when the store failed
 */
export async function leaveAccount(deps: Dependencies, connection: Identified, anew?: Identified): Promise<boolean> {
  const kept = anew ? collectionsOf(deps, anew) : [];
  let isOut = true;
  for (const collection of collectionsOf(deps, connection)) {
    if (kept.includes(collection)) continue;
    await deps.store.documents.remove(collection, keyOf(connection)).catch(() => {
      isOut = false;
    });
  }
  return isOut;
}

/**
 * Takes out a connection that `anew` has replaced, unless what stands there by now is of that account again: whoever has
 * connected it since is entered under the same name.
 */
export async function leaveReplaced(deps: Dependencies, previous: Identified, anew: Identified): Promise<void> {
  const kept = collectionsOf(deps, anew);
  if (!collectionsOf(deps, previous).every((name) => kept.includes(name))) await leaveUnproven(deps, previous);
}

/** Takes out what was entered for a connection, unless what stands in its place now is of the same account. Never throws. */
export function leaveUnproven(deps: Dependencies, connection: Identified): Promise<void> {
  return afterwards(deps, 'account index', () =>
    holdingAccount(deps, connection, async () => {
      const present = await deps.store.connections.find(refOf(connection));
      await leaveAccount(deps, connection, present?.connection);
    }),
  );
}

/** Tells the earlier users, and the audit trail, that somebody else has come with their account. */
export async function tellShared(
  deps: Dependencies,
  connection: Connection,
  { others, outcome }: { others: readonly Connection[]; outcome: 'ok' | 'refused' },
): Promise<void> {
  if (others.length === 0) return;
  const at = deps.now();
  const change = outcome === 'ok' ? 'account_shared' : 'account_share_refused';
  for (const other of others) {
    await announce(deps, other.tenant, { type: 'connection.updated', change, ...about(other, at) });
  }
  const reason = `${others.length} other connection${others.length === 1 ? '' : 's'}`;
  await recordAct(deps, { act: 'account.share', actor: system, ...aboutConnection(connection), outcome, reason });
}

/** Looks whether an entry still stands for a connection to that account, and removes it if not. */
async function verify(
  deps: Dependencies,
  shared: ProviderAccount,
  { key, value }: { key: string; value: unknown },
): Promise<Connection | undefined> {
  const { tenant, provider, accountId } = shared;
  const { userId, account } = entrySchema.parse(value);
  const found = await deps.store.connections.find(refOf({ tenant, userId, provider, account })).catch(passOver);
  if (found === 'unreadable') return undefined;
  if (found?.connection.identity?.id === accountId) return found.connection;
  await deps.store.documents.remove(collectionOf(deps, shared), key);
  return undefined;
}

/** Somebody else's damaged record is no reason to keep this person from connecting. */
function passOver(error: unknown): 'unreadable' {
  if (error instanceof StoreUnavailable) throw error;
  return 'unreadable';
}

/** The collections that a connection is entered in. */
function collectionsOf(deps: Index, connection: Identified): readonly string[] {
  const { identity } = connection;
  const account = identity && collectionOf(deps, { ...connection, accountId: identity.id });
  return [account, workspaceOf(deps, connection)].filter((name) => name !== undefined);
}

/** Whether both are of one workspace, where connections of a workspace share their tokens; elsewhere they always are. */
export function isSameWorkspace(deps: Index, one: Placed | undefined, other: Placed): boolean {
  return one !== undefined && workspaceOf(deps, one) === workspaceOf(deps, other);
}

/** One collection per tenant and workspace, by what the provider says of it beside its tokens. */
function workspaceOf({ providers }: Index, { tenant, provider, parameters = {} }: Placed): string | undefined {
  const { sharedChain, keepFromResponse = {} } = providers.findNaming(provider) ?? {};
  if (!sharedChain) return undefined;
  const person = parameters[sharedChain.unlessKept];
  const said = Object.keys(keepFromResponse).filter((parameter) => parameter !== sharedChain.unlessKept);
  const workspace = said.sort().map((parameter) => parameters[parameter] ?? null);
  const name = JSON.stringify([tenant, provider, workspace, ...(person === undefined ? [] : [person])]);
  return `workspace-${createHash('sha256').update(name).digest('base64url')}`;
}

/**
 * One collection per tenant and provider account. At providers with many instances an account id is unique within one
 * instance only, so the parameters that name the instance count, too; other parameters do not, nor does which of a
 * provider's own hosts was asked.
 */
function collectionOf({ providers }: Index, { tenant, provider, accountId, parameters = {} }: ProviderAccount): string {
  const { placeholders = {}, sites } = providers.findNaming(provider) ?? {};
  const isInstance = (name: string) => placeholders[name]?.default === undefined && name !== sites?.parameter;
  const places = Object.keys(placeholders).filter(isInstance);
  const named = places.sort().flatMap((name) => (Object.hasOwn(parameters, name) ? [[name, parameters[name]]] : []));
  const name = JSON.stringify([tenant, provider, accountId, named]);
  return `account-${createHash('sha256').update(name).digest('base64url')}`;
}

/** By owner first, so that a user's own other labels are no strangers. */
function keyOf(connection: Identified): string {
  return `${ownerKeyOf(connection)}/${connection.account}`;
}
