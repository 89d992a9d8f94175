/** Writes imported connections: creates, never replaces; can be run again after an interruption. */

import { operatorActor } from '../core/audit.js';
import { type Connection, nextGeneration, refOf } from '../core/connection.js';
import { InvalidRequest, OAuthManagerError } from '../core/errors.js';
import type { Provider, ProviderRegistry } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { Store } from '../core/store.js';
import { digestOf } from '../flows/one-time-values.js';
import { nextLook } from '../flows/schedule.js';
import { enterAccount } from '../flows/shared-account.js';
import { eachTogether } from './each-together.js';
import { ImportRefused } from './imported-token.js';

/** One record of a source. `read` throws `ImportRefused` when it is not acceptable. */
export interface SourceRecord {
  /** Line number, or key. */
  readonly where: string;
  read(): Connection | Promise<Connection>;
}

/** What an import needs. */
export interface ImportTarget {
  readonly store: Store;
  /** Reads and checks everything, but writes nothing. */
  readonly dryRun: boolean;
  /** Knows every provider id; a provider may be missing in `providers` because its issuer has not answered yet. */
  readonly isKnownProvider: (id: string) => boolean;
  readonly providers: ProviderRegistry;
  readonly refreshBufferMs: number;
  /** Epoch ms. */
  readonly now: () => number;
}

/** The results. `created` in a dry run: would have been. */
export interface ImportReport {
  readonly dry_run: boolean;
  readonly created: number;
  /** There was a connection of that user, provider and account already; it was not changed. */
  readonly existing: number;
  readonly refused: readonly { readonly where: string; readonly problem: string }[];
}

/**
 * Imports the records, several at a time: the old program may not refresh meanwhile.
 *
 * @param onDone called after each record with their number
 * @throws {StoreUnavailable} what was created until then stays; run it again
 */
export async function importConnections(
  source: AsyncIterable<SourceRecord>,
  target: ImportTarget,
  onDone: (done: number) => void = () => undefined,
): Promise<ImportReport> {
  const counts = { created: 0, existing: 0 };
  const refused: { at: number; where: string; problem: string }[] = [];
  const seen: Seen = new Map();
  let begun = 0;
  await eachTogether(source, async (record) => {
    const at = begun++;
    try {
      counts[await importOne(await record.read(), target, seen)] += 1;
    } catch (error) {
      if (!(error instanceof ImportRefused)) throw error;
      refused.push({ at, where: record.where, problem: error.message });
    }
    onDone(counts.created + counts.existing + refused.length);
  });
  const inOrder = refused.sort((one, other) => one.at - other.at);
  return { dry_run: target.dryRun, ...counts, refused: inOrder.map(({ where, problem }) => ({ where, problem })) };
}

/** Digests of the access tokens of this run by digests of where they belong. */
type Seen = Map<string, string>;

/**
 * Whether the record was there before in this run.
 *
 * @throws {ImportRefused} with another token: it would be passed over, and a second account would be lost
 */
function isRepeated({ tenant, userId, provider, account, tokenSet }: Connection, seen: Seen): boolean {
  const place = digestOf(JSON.stringify([tenant, userId, provider, account]));
  const token = digestOf(tokenSet.accessToken.reveal());
  const before = seen.get(place);
  if (before === undefined) seen.set(place, token);
  if (before === undefined || before === token) return before !== undefined;
  throw new ImportRefused('the same user, provider and account as an earlier record, with another token');
}

async function importOne(connection: Connection, target: ImportTarget, seen: Seen): Promise<'created' | 'existing'> {
  const { store, providers, dryRun } = target;
  if (!target.isKnownProvider(connection.provider)) throw new ImportRefused('its provider is not known here');
  const provider = providers.find(connection.provider);
  if (provider !== undefined) refusePlaceless(provider, connection);
  const ref = refOf(connection);
  if (isRepeated(connection, seen)) return 'existing';
  const there = await find(store, connection);
  if (there !== undefined) {
    // A run that was killed may have stored it, and no more.
    if (!dryRun && there !== 'unreadable' && holdsSameToken(there, connection)) await schedule(there, target);
    return 'existing';
  }
  if (dryRun) return 'created';
  await enterAccount({ store, providers }, connection);
  const now = target.now();
  const generation = nextGeneration(undefined, now);
  const change = { kind: 'put_connection', connection, expect: 'absent', generation } as const;
  if ((await store.connections.write(ref.owner, [change])) === 'moved') return 'existing';
  await Promise.all([schedule(connection, target), store.audit.append({ ...aboutImport(connection), at: now })]);
  return 'created';
}

async function schedule(connection: Connection, { store, providers, ...target }: ImportTarget): Promise<void> {
  const provider = providers.find(connection.provider);
  const bufferMs = provider?.refreshBufferMs ?? target.refreshBufferMs;
  const dueAt = nextLook(connection, { provider, bufferMs, now: target.now() });
  if (dueAt !== undefined) await store.due.schedule(refOf(connection), dueAt);
}

function holdsSameToken(one: Connection, other: Connection): boolean {
  return one.tokenSet.accessToken.reveal() === other.tokenSet.accessToken.reveal();
}

/** A connection must say which host its customer has, or its token could never be used. @throws {ImportRefused} */
function refusePlaceless(provider: Provider, { parameters }: Connection): void {
  try {
    withParameters(provider, parameters);
  } catch (error) {
    throw error instanceof InvalidRequest ? new ImportRefused(error.message) : error;
  }
}

function aboutImport({ tenant, userId: user, provider, account, connectionId }: Connection) {
  const whose = { tenant, user, provider, account, connection_id: connectionId };
  return { act: 'token.store', actor: operatorActor, ...whose, outcome: 'ok', reason: 'import' } as const;
}

/** What is there already, even if it cannot be opened. */
async function find(store: Store, connection: Connection): Promise<Connection | 'unreadable' | undefined> {
  try {
    return (await store.connections.find(refOf(connection)))?.connection;
  } catch (error) {
    if (error instanceof OAuthManagerError && error.code === 'stored_token_unreadable') return 'unreadable';
    throw error;
  }
}
