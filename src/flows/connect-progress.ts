/** Moves a connect along and lets the programs that poll it know. */

import type { Connect, ConnectIntent } from '../core/connect.js';
import { UnknownConnect } from '../core/errors.js';
import type { TenantId } from '../core/identifiers.js';
import type { ConnectView } from '../core/views.js';
import { afterwards } from './afterwards.js';
import { announce } from './announce.js';
import { connectRecordTtlMs } from './connect-link.js';
import type { Dependencies } from './dependencies.js';

/** What changes about a connect. */
interface ConnectChange {
  readonly status: Connect['status'];
  readonly expiresAt?: number;
  readonly connectionId?: string;
}

/** Records a new status, kept as long as somebody may ask for it, and announces it. */
export async function moveConnect(deps: Dependencies, intent: ConnectIntent, change: ConnectChange): Promise<void> {
  const { status, expiresAt = intent.expiresAt, connectionId } = change;
  await deps.store.expiring.save(
    'connect',
    intent.connectId,
    { ...intent, expiresAt, status },
    connectRecordTtlMs(deps),
  );
  const { connectId, userId, provider, account, metadata } = intent;
  const about = { at: deps.now(), connectId, userId, provider, account };
  if (status.kind === 'connected' && connectionId !== undefined) {
    await announce(deps, intent.tenant, { type: 'connect.completed', connectionId, metadata, ...about });
  } else if (status.kind === 'failed') {
    await announce(deps, intent.tenant, { type: 'connect.failed', error: status.error, metadata, ...about });
  } else {
    await announce(deps, intent.tenant, { type: 'connect.progressed', ...about });
  }
}

/** As {@link moveConnect}, for a connect that is still known. The change itself has happened: a failure is only logged. */
export function moveKnownConnect(deps: Dependencies, connectId: string, change: ConnectChange): Promise<void> {
  return afterwards(deps, 'connect', async () => {
    const connect = await deps.store.expiring.find('connect', connectId);
    if (connect !== undefined) await moveConnect(deps, connect, change);
  });
}

/** Which connect a tenant asks about, and how long it would wait for a change. */
export interface ConnectQuestion {
  readonly tenant: TenantId;
  readonly connectId: string;
  readonly waitMs?: number;
  /** The caller left. */
  readonly signal?: AbortSignal;
}

/** No connect lasts longer, and timers have a limit. */
const longestWaitMs = 86_400_000;

/** A timer may fire this much too early by the clock of the day, ms. */
const timerEarlinessMs = 2;

/**
 * The state of a connect. With `waitMs`, an open connect is answered when it moves or expires, or when the time is over.
 *
 * @throws {UnknownConnect} none of that id in this tenant
 */
export async function findConnect(deps: Dependencies, question: ConnectQuestion): Promise<ConnectView> {
  const { waitMs = 0, signal: leaving } = question;
  if (!(waitMs > 0)) return lookUp(deps, question);
  // `AbortSignal.any` of an `AbortSignal.timeout` may never fire: the garbage collector takes the latter (nodejs/node#57736).
  const over = new AbortController();
  const end = () => over.abort();
  const timers = [setTimeout(end, Math.ceil(Math.min(waitMs, longestWaitMs)))];
  leaving?.addEventListener('abort', end, { once: true });
  if (leaving?.aborted) end();
  const endAfter = (ms: number) => timers.push(setTimeout(end, Math.min(ms, longestWaitMs)));
  try {
    return await waitForChange(deps, question, { endAfter, signal: over.signal });
  } finally {
    timers.forEach(clearTimeout);
    leaving?.removeEventListener('abort', end);
  }
}

async function waitForChange(
  deps: Dependencies,
  question: ConnectQuestion,
  { endAfter, signal }: { endAfter: (ms: number) => void; signal: AbortSignal },
): Promise<ConnectView> {
  const { events } = deps.store;
  const { tenant } = question;
  let after = await events.newest(tenant);
  const connect = await requireConnect(deps, question);
  const first = viewOf(connect, deps.now());
  const endsAt = endOf(connect);
  if (endsAt !== undefined) endAfter(endsAt - deps.now() + timerEarlinessMs);
  let latest = first;
  while (isOpen(latest) && latest.status === first.status && !signal.aborted) {
    await events.wait(tenant, after, signal);
    after = await events.newest(tenant);
    latest = await lookUp(deps, question);
  }
  return latest;
}

/** When an open connect expires. */
function endOf({ status, expiresAt }: Connect): number | undefined {
  if (status.kind === 'pending') return expiresAt;
  return status.kind === 'awaiting_proof' ? status.until : undefined;
}

function isOpen(view: ConnectView): boolean {
  return view.status === 'pending' || view.status === 'awaiting_proof';
}

async function lookUp(deps: Dependencies, question: ConnectQuestion): Promise<ConnectView> {
  return viewOf(await requireConnect(deps, question), deps.now());
}

/** A connect of one tenant. @throws {UnknownConnect} there is none of that id, or it is another tenant's */
export async function requireConnect(
  { store }: Dependencies,
  { tenant, connectId }: Pick<ConnectQuestion, 'tenant' | 'connectId'>,
): Promise<Connect> {
  const connect = await store.expiring.find('connect', connectId);
  if (connect?.tenant !== tenant) throw new UnknownConnect();
  return connect;
}

/** A connect as callers are told of it; what is overdue is `expired` whether or not somebody has cleaned up yet. */
export function viewOf(connect: Connect, now: number): ConnectView {
  const { connectId, provider, status, metadata } = connect;
  const about = { connectId, provider, ...(metadata && { metadata }) };
  switch (status.kind) {
    case 'pending':
      return { ...about, status: now < connect.expiresAt ? 'pending' : 'expired' };
    case 'awaiting_proof':
      return { ...about, status: now < status.until ? 'awaiting_proof' : 'expired', identity: status.identity };
    case 'connected':
      return { ...about, status: 'connected', identity: status.identity };
    case 'failed':
      return { ...about, status: status.error === 'expired' ? 'expired' : 'failed', error: status.error };
  }
}
