/** Turns every error between us and Redis into `StoreUnavailable`. Nowhere else is that decided. */

import { StoreUnavailable } from '../../core/errors.js';

/** What a failed call means. `again`: which calls may be repeated, because that does no harm and may help. */
export interface Failure {
  readonly error: StoreUnavailable;
  readonly again: 'any' | 'reads' | 'none';
}

/** Redis refused without doing anything, but soon will not: a failover, a start, a slot that moves. */
const passingRefusals: Readonly<Record<string, string>> = {
  READONLY: 'Redis is a read-only replica at the moment',
  LOADING: 'Redis is loading its data',
  MASTERDOWN: 'the Redis master is down',
  CLUSTERDOWN: 'the Redis Cluster is down',
  TRYAGAIN: 'a slot of the Redis Cluster is moving',
  MOVED: 'a slot of the Redis Cluster has moved',
  ASK: 'a slot of the Redis Cluster is moving',
};

/** Redis refused without doing anything, and will until somebody mends it. */
const lastingRefusals: Readonly<Record<string, string>> = {
  OOM: 'Redis is out of memory (maxmemory)',
  MISCONF: 'Redis cannot write to its disk',
  NOREPLICAS: 'Redis has fewer replicas than min-replicas-to-write',
  BUSY: 'Redis is busy with a script',
  NOAUTH: 'Redis wants a password',
  WRONGPASS: 'Redis refused the user name or password',
  NOPERM: 'the Redis user lacks a permission',
  DENIED: 'Redis is in protected mode',
};

const refusals = { ...passingRefusals, ...lastingRefusals };
const refusalCode = new RegExp(`(?:^|[\\s-])(${Object.keys(refusals).join('|')})\\b`);

/** Thrown by the link before anything was sent. */
export class NotConnected extends Error {}
/** Thrown by the link when the deadline of a call has passed. */
export class DeadlinePassed extends Error {}

/**
 * What an error of ioredis means for the caller. Its message is never repeated: ioredis puts the arguments of the command on
 * its errors.
 *
 * @param fault the last fault of the connection, see `faultOf`
 */
export function describeFailure(error: unknown, fault?: string): Failure {
  if (error instanceof StoreUnavailable) return { error, again: 'none' };
  if (error instanceof NotConnected)
    return { error: unavailable(fault ?? 'there is no connection', 'no'), again: 'any' };
  if (error instanceof DeadlinePassed) return { error: unavailable('no answer in time', 'unknown'), again: 'none' };
  const message = error instanceof Error ? error.message : '';
  const code = refusalCode.exec(message)?.[1];
  if (code)
    return { error: unavailable(refusals[code] ?? code, 'no'), again: code in passingRefusals ? 'any' : 'none' };
  if (message.startsWith("Stream isn't writeable")) return describeFailure(new NotConnected(), fault);
  if (message === 'Command timed out') return describeFailure(new DeadlinePassed());
  if (error instanceof Error && error.name === 'ReplyError') {
    return { error: unavailable('it answered with an unexpected error', 'unknown'), again: 'none' };
  }
  return { error: unavailable(fault ?? 'the connection was lost', 'unknown'), again: 'reads' };
}

function unavailable(reason: string, carriedOut: 'no' | 'unknown'): StoreUnavailable {
  return new StoreUnavailable(`The store is unavailable: ${reason}.`, carriedOut);
}

/** Whether the script has to be sent in full. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.includes('NOSCRIPT');
}

/** Whether Redis forbids this user the command. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error && /NOPERM|unknown command/i.test(error.message);
}

/** Whether Redis refuses a SELECT for good: it has fewer databases, or this user may not. */
export function refusesDatabase(error: unknown): boolean {
  return isForbidden(error) || (error instanceof Error && /DB index/i.test(error.message));
}

/** What is wrong with a connection, in words without secrets. `lasting`: it will not go away by itself. */
export interface ConnectionFault {
  readonly text: string;
  readonly lasting: boolean;
}

/** Reads a connection error of ioredis: a refusal by Redis, a TLS failure, or a network error code. */
export function faultOf(error: unknown): ConnectionFault {
  const inner = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : error;
  const message = inner instanceof Error ? inner.message : '';
  const refused = refusalCode.exec(message)?.[1];
  if (refused)
    return { text: refusals[refused] ?? refused, lasting: /^(NOAUTH|WRONGPASS|NOPERM|DENIED)$/.test(refused) };
  const code = inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? inner.code : '';
  if (/CERT|SSL|TLS|SIGNATURE/.test(code)) return { text: `TLS with Redis failed (${code})`, lasting: true };
  if (/^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return { text: `Redis cannot be reached (${code})`, lasting: false };
  if (message.startsWith('All sentinels')) return { text: 'no Sentinel names a master', lasting: false };
  return { text: 'Redis cannot be reached', lasting: false };
}
