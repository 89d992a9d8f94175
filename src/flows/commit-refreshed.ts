/** Stores what a refresh brought. The old refresh token is spent, so this goes on until it works. */

import { setTimeout as sleep } from 'node:timers/promises';
import { nextGeneration, refOf, type StoredConnection } from '../core/connection.js';
import { KeyUnavailable, type OAuthManagerError, StoredTokenUnreadable, StoreUnavailable } from '../core/errors.js';
import type { Provider } from '../core/provider.js';
import { mergeAfterRefresh, type TokenSet } from '../core/token-set.js';
import { announce } from './announce.js';
import type { Dependencies } from './dependencies.js';
import { giveBack } from './give-back.js';
import { revokeConnection } from './revoke-connection.js';
import { scheduleNextLook, unscheduleGone } from './schedule.js';

/** What a refresh ends with: the connection as it now stands, or the news that it was disconnected meanwhile. */
export type Refreshed = { readonly kind: 'current'; readonly stored: StoredConnection } | { readonly kind: 'gone' };

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** A refresh whose answer is in: what was sent, what came back, and who holds the lease. */
export interface AnsweredRefresh {
  readonly provider: Provider;
  readonly sent: StoredConnection;
  readonly answer: TokenSet;
  /** What the answer says beside the tokens and is kept with the connection, where that is known. */
  readonly kept?: Readonly<Record<string, string>>;
  readonly holder: string;
  /** Is given each write that callers need not wait for; only the end of this process does. */
  readonly note: (written: Promise<void>) => void;
}

/**
 * Commits the answer by compare-and-set on the generation that was sent, again and again while the store refuses.
 *
 * If somebody moved the generation meanwhile, it depends on what they wrote. A note about the same refresh token, or an
 * older state that a failover brought back, is written over. After a disconnect the new tokens are given back. A reconnect
 * or another refresh wins: the answer is dropped, or given back if the connection is now of another grant.
 *
 * @throws what {@link isWaitedFor} knows: this process ends, and the store has refused until now; the intent stands
 */
export async function commitRefreshed(deps: Dependencies, refresh: AnsweredRefresh): Promise<Refreshed> {
  let base = refresh.sent;
  let next = renewed(deps, base, refresh);
  let spooled = false;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      const conclusion = await tryCommit(deps, refresh, base, next);
      if (conclusion.kind !== 'rebase') {
        if (spooled) await unspool(deps, refresh);
        return conclusion;
      }
      base = conclusion.onto;
      next = renewed(deps, base, refresh);
    } catch (error) {
      if (!isWaitedFor(error)) throw error;
      deps.log.error(
        { provider: refresh.provider.id, pauseMs, failure: error.code },
        'a refreshed token set waits for the store',
      );
      spooled ||= await spool(deps, refresh);
      const leftMs = deps.ending?.leftMs ?? pauseMs;
      if (leftMs <= 0) {
        deps.ending?.leave(spooled ? 'spooled' : 'lost');
        throw error;
      }
      await sleep(Math.min(pauseMs, leftMs));
    }
  }
}

/**
 * Whether it is worth waiting until this passes: the store is away, or the stored record cannot be opened here because
 * keys or versions were rolled out in the wrong order. To give up would lose the answer, and send the spent token again.
 */
export function isWaitedFor(error: unknown): error is OAuthManagerError {
  return [StoreUnavailable, KeyUnavailable, StoredTokenUnreadable].some((kind) => error instanceof kind);
}

/** Keeps a copy on disk if a spool is configured. If the disk refuses, there is still the one in memory. */
async function spool(deps: Dependencies, { provider, sent, answer }: AnsweredRefresh): Promise<boolean> {
  if (deps.store.spool === undefined) return false;
  try {
    await deps.store.spool.keep({ sent, answer });
    return true;
  } catch {
    deps.log.error({ provider: provider.id }, 'a refreshed token set could not be spooled; it is held in memory');
    return false;
  }
}

async function unspool(deps: Dependencies, { sent, answer }: AnsweredRefresh): Promise<void> {
  await deps.store.spool?.drop({ sent, answer }).catch(() => {
    deps.log.warn({}, 'a spooled commit could not be removed; it will be found to be stored already');
  });
}

/** How one try ends; `rebase`: the same answer is to be written over that record. */
type Attempt = Refreshed | { readonly kind: 'rebase'; readonly onto: StoredConnection };

/** One try. The same `next` may be tried again after an unknown outcome: its generation tells our own write. */
async function tryCommit(
  deps: Dependencies,
  refresh: AnsweredRefresh,
  base: StoredConnection,
  next: StoredConnection,
): Promise<Attempt> {
  const ref = refOf(next.connection);
  const { connection, generation } = next;
  const put = { kind: 'put_connection', connection, expect: base.generation, generation } as const;
  const writing = deps.store.connections.write(ref.owner, [put], { ref, holder: refresh.holder });
  // Not after the write: both requests are under way at the same time.
  const scheduled = scheduleNextLook(deps, connection, refresh.provider);
  const outcome = await writing;
  await scheduled;
  return outcome === 'stored' ? concluded(deps, refresh, next) : meetOther(deps, refresh, next);
}

/** Another writer came first. Either its record is written over, or this answer is dropped or given back. */
async function meetOther(deps: Dependencies, refresh: AnsweredRefresh, next: StoredConnection): Promise<Attempt> {
  const { connection } = next;
  const ref = refOf(connection);
  const latest = await deps.store.connections.find(ref);
  if (latest !== undefined && isLost(refresh.sent, latest)) {
    return { kind: 'rebase', onto: { ...refresh.sent, generation: latest.generation } };
  }
  if (latest !== undefined && isToBeWrittenOver(latest, refresh, next)) return { kind: 'rebase', onto: latest };
  // This refresh is over: others need not wait until its lease ends.
  await deps.store.connections.endRefresh(ref, refresh.holder, 'unknown');
  if (latest === undefined) {
    await unscheduleGone(deps, ref);
    // The person has ended it, so it is revoked even if nobody knows whose account it is.
    await (connection.identity ? giveBack(deps, connection) : revokeConnection(deps, connection));
    return { kind: 'gone' };
  }
  // The index has the due time of the answer that was just dropped.
  await scheduleNextLook(deps, latest.connection, refresh.provider);
  if (isOfAnotherGrant(latest, next)) refresh.note(giveBack(deps, connection).then(() => undefined));
  return { kind: 'current', stored: latest };
}

/** A generation that got smaller: a failover took the store back to before the record whose refresh token is spent. */
function isLost(sent: StoredConnection, latest: StoredConnection): boolean {
  return latest.generation < sent.generation && latest.connection.connectionId === sent.connection.connectionId;
}

function isToBeWrittenOver(latest: StoredConnection, { sent }: AnsweredRefresh, next: StoredConnection): boolean {
  // Our own write, whose reply was lost, is written once more: only a reply says that it will last.
  const isOwn = latest.generation === next.generation && holdsSameAccessToken(latest, next);
  const isNote = holdsSameRefreshToken(latest, sent) && !isNewer(latest, next);
  return isOwn || isNote;
}

function renewed(deps: Dependencies, base: StoredConnection, { answer, kept }: AnsweredRefresh): StoredConnection {
  const now = deps.now();
  const { parameters: before } = base.connection;
  // Salesforce may move an organization to another address.
  const isSaid = kept !== undefined && Object.keys(kept).length > 0;
  const parameters = isSaid ? { ...before, ...kept } : before;
  return {
    generation: nextGeneration(base.generation, now),
    connection: {
      ...base.connection,
      tokenSet: mergeAfterRefresh(base.connection.tokenSet, answer),
      parameters,
      state: { kind: 'active' },
      updatedAt: now,
    },
  };
}

function concluded(deps: Dependencies, { note }: AnsweredRefresh, stored: StoredConnection): Refreshed {
  const { connection } = stored;
  const { tenant, connectionId, userId, provider, account, updatedAt: at } = connection;
  // By name: fields beside a spread take 3.5 µs, these 0.01.
  const type = 'connection.updated';
  note(announce(deps, tenant, { type, connectionId, change: 'refreshed', at, userId, provider, account }));
  return { kind: 'current', stored };
}

function holdsSameAccessToken(one: StoredConnection, other: StoredConnection): boolean {
  return one.connection.tokenSet.accessToken.reveal() === other.connection.tokenSet.accessToken.reveal();
}

function holdsSameRefreshToken(latest: StoredConnection, sent: StoredConnection): boolean {
  const held = latest.connection.tokenSet.refreshToken?.reveal();
  return held !== undefined && held === sent.connection.tokenSet.refreshToken?.reveal();
}

/**
 * Whether somebody disconnected and connected anew, or connected another account, so that the late answer is of no use.
 * `false` if an identity is not known: both may be of one person, and revoking one might end the other.
 */
function isOfAnotherGrant(latest: StoredConnection, late: StoredConnection): boolean {
  const [{ connection: present }, { connection: past }] = [latest, late];
  const areKnown = present.identity !== undefined && past.identity !== undefined;
  return areKnown && present.connectionId !== past.connectionId && !holdsSameRefreshToken(latest, late);
}

/** Compares times: later refreshes and consents may bring the same refresh token, if it is not rotated. */
function isNewer({ connection: latest }: StoredConnection, { connection: late }: StoredConnection): boolean {
  return latest.tokenSet.obtainedAt > late.tokenSet.obtainedAt;
}
