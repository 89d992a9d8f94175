/**
 * Refreshes a connection for all processes: one lease, an intent in the store before the refresh token leaves, and a
 * compare-and-set on the generation that was sent.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { refOf, type StoredConnection } from '../core/connection.js';
import { OAuthManagerError, ProviderUnavailable } from '../core/errors.js';
import { keptParameters } from '../core/kept-parameters.js';
import { assess, type LostSending } from '../core/refresh-state.js';
import type { RefreshIntent } from '../core/store.js';
import { refreshGrant } from '../protocol/token-endpoint.js';
import { commitRefreshed, isWaitedFor, type Refreshed } from './commit-refreshed.js';
import type { Dependencies } from './dependencies.js';
import { meterRefresh } from './meter-refresh.js';
import type { ProviderCircuits } from './provider-circuits.js';
import { httpOf } from './provider-of.js';
import { type Act, recordAct, system } from './record-act.js';
import type { RefreshOrder } from './refresh-order.js';
import { settleFailure } from './settle-failure.js';
import { tellRotation } from './tell-rotation.js';

/** A lease is short so that a killed holder is noticed; a living one renews it. */
const leaseMs = 6_000;
const renewEveryMs = 2_000;
/** Between looks at the record while another process refreshes. */
const lookEveryMs = 12;
/** After so many looks this process tries for the lease again, which costs seven times as much: the holder may be gone. */
const looksBetweenTries = 3;
/** Beyond the request's own deadline, until its answer counts as lost. */
const deadlineMarginMs = 5_000;
/** Once a store is back, a living process has offered its answer again within this time. */
const lateCommitMs = 2_500;

/** A refresh, and what it works with. */
export interface Flight extends RefreshOrder {
  readonly deps: Dependencies;
  readonly circuits: ProviderCircuits;
  /** Is given each write that goes on while the callers already have their token. */
  readonly note: (written: Promise<void>) => void;
}

/**
 * Reads, tries for the lease and reads again, until this process may send or another one has refreshed.
 *
 * @throws as `RefreshFlights.refresh`
 */
export async function refreshUnderLease(flight: Flight): Promise<Refreshed> {
  const { deps, seen } = flight;
  flight.circuits.check(flight.provider.id, flight.provider.place);
  const ref = refOf(seen.connection);
  const holder = randomUUID();
  const giveUpAt = deps.now() + deps.settings.requestDeadlineMs + deadlineMarginMs;
  for (;;) {
    const result = await takeTurn(flight, holder);
    if (result !== 'wait') return result;
    if (deps.now() >= giveUpAt) {
      const { id } = flight.provider;
      throw new ProviderUnavailable('Another process has not finished its refresh in time.', {
        provider: id,
        reached: 'no',
      });
    }
    for (let look = 0; look < looksBetweenTries; look += 1) {
      await sleep(lookEveryMs * (1 + Math.random()));
      const latest = await deps.store.connections.find(ref);
      if (latest === undefined) return { kind: 'gone' };
      if (latest.generation !== seen.generation) return { kind: 'current', stored: latest };
    }
  }
}

/** One try to get the lease and send. */
async function takeTurn(flight: Flight, holder: string): Promise<Refreshed | 'wait'> {
  const { deps, seen, provider, wish } = flight;
  const ref = refOf(seen.connection);
  const verdict = assess(seen.connection, provider, { ...wish, now: deps.now() });
  if (verdict.kind !== 'refresh') return { kind: 'current', stored: seen };
  const intent = newIntent(deps, seen, { holder, attempt: verdict.attempt });
  const begun = await deps.store.connections.beginRefresh(ref, intent, { ms: leaseMs });
  if (begun.kind !== 'begun') return 'wait';
  return begun.previous === undefined ? sendInTime(flight, intent) : takeOverLease(flight, holder, begun.previous);
}

/** The lease is ours, but an earlier holder may have sent: whether to send again depends on its intent and the provider. */
async function takeOverLease(flight: Flight, holder: string, previous: RefreshIntent): Promise<Refreshed | 'wait'> {
  const { deps, seen, provider, wish } = flight;
  const ref = refOf(seen.connection);
  const lost = lostSending(previous);
  const weigh = () => assess(seen.connection, provider, { ...wish, now: deps.now() }, lost);
  let again = weigh();
  if (again.kind === 'refresh' && provider.refreshReuse !== 'none' && deps.now() >= previous.deadline) {
    // The earlier process may be alive, with an answer that the store refused. It needs no lease to commit, so give it time.
    await sleep(lateCommitMs);
    again = weigh(); // this process may have stood still for longer
  }
  if (again.kind === 'refresh') {
    const weighed = newIntent(deps, seen, { holder, attempt: again.attempt });
    const replaced = await deps.store.connections.beginRefresh(ref, weighed, { ms: leaseMs, replaces: true });
    return replaced.kind === 'begun' ? sendInTime(flight, weighed, lost) : 'wait';
  }
  await deps.store.connections.endRefresh(ref, holder, 'unknown');
  return again.kind === 'wait' && !again.live ? 'wait' : { kind: 'current', stored: seen };
}

/**
 * Sends, unless this process stood still since it wrote its intent: the request might then end after the deadline from
 * which on others consider this sending lost, and send themselves.
 *
 * @param lost what is known of an earlier sending, which may have spent the refresh token
 */
async function sendInTime(flight: Flight, intent: RefreshIntent, lost?: LostSending): Promise<Refreshed | 'wait'> {
  const { deps, seen } = flight;
  if (deps.now() < intent.startedAt + deadlineMarginMs) return send(flight, intent, lost);
  await deps.store.connections.endRefresh(refOf(seen.connection), intent.holder, lost ? 'unknown' : 'no');
  return 'wait';
}

/** Sends the refresh token once, keeping the lease meanwhile, and sees to whatever comes of it. */
async function send(flight: Flight, intent: RefreshIntent, lost?: LostSending): Promise<Refreshed> {
  const { deps, circuits, provider, seen, note } = flight;
  const release = keepLease(flight, intent.holder);
  try {
    circuits.enter(provider.id, provider.place);
    const { tokenSet: answer, answer: body } = await meterRefresh(deps, provider.id, () =>
      refreshGrant(provider, seen.connection.tokenSet, httpOf(deps, provider)),
    );
    circuits.succeeded(provider.id, provider.place);
    const kept = keptParameters(provider, { answer: body });
    const committed = await commitRefreshed(deps, { provider, sent: seen, answer, kept, holder: intent.holder, note });
    await tellRotation(deps, { provider, sent: seen, answer, committed });
    recordRefresh(flight, committed.kind === 'gone' ? { outcome: 'refused', reason: 'gone' } : { outcome: 'ok' });
    return committed;
  } catch (error) {
    if (!(error instanceof OAuthManagerError)) throw error;
    recordRefresh(flight, { outcome: 'failed', reason: error.code });
    // The provider has answered, so the intent must stay for whoever comes next.
    if (isWaitedFor(error)) throw error;
    return await settleFailure({ ...flight, lost }, intent, error);
  } finally {
    release();
  }
}

/** Nobody waits for the trail: the new tokens are stored, and it could not undo that. */
function recordRefresh({ deps, seen, note }: Flight, what: Pick<Act, 'outcome' | 'reason'>): void {
  const { tenant, userId: user, provider, account, connectionId: connection_id } = seen.connection;
  const { outcome, reason } = what;
  note(
    recordAct(deps, { act: 'refresh', actor: system, tenant, user, provider, account, connection_id, outcome, reason }),
  );
}

/** Prolongs the lease until the returned function is called. Losing it does no harm: only the generation decides. */
function keepLease(flight: Flight, holder: string): () => void {
  const ref = refOf(flight.seen.connection);
  const timer = setInterval(() => {
    flight.deps.store.connections.renewRefresh(ref, holder, leaseMs).catch(() => {
      flight.deps.log.warn({ provider: flight.provider.id }, 'a refresh lease could not be renewed');
    });
  }, renewEveryMs);
  return () => clearInterval(timer);
}

function newIntent(deps: Dependencies, seen: StoredConnection, by: { holder: string; attempt: number }): RefreshIntent {
  const { holder, attempt } = by;
  const startedAt = deps.now();
  const deadline = startedAt + deps.settings.requestDeadlineMs + deadlineMarginMs;
  return { generation: seen.generation, holder, startedAt, deadline, attempt };
}

function lostSending(previous: RefreshIntent): LostSending {
  return { since: previous.startedAt, attempts: previous.attempt, deadline: previous.deadline };
}
