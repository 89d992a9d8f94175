/** Keeps connections to configured endpoints for the next request, but never for long: a refresh token is sent once. */

import { type LateDispatcher, openLate } from './late-dispatcher.js';

/** An idle connection is used again within this time, or not at all, ms. Servers keep them for 2 s (gunicorn) and longer. */
export const keptIdleMs = 1_000;
/** A connection counts as closed this long before the end that the server announces (`Keep-Alive: timeout=5`), ms. */
const marginMs = 2_000;
/** Even a busy connection is replaced after this, ms, as the name may point to another address by then. */
const oldestMs = 60_000;

/**
 * Connections that are reused while they are warm: one request at a time on each, none ever sent twice.
 *
 * A server may close an idle connection at the very moment at which a request is sent on it. Then only a reset comes back,
 * and it is unknown whether the request was read: `HttpFailure` with `sent: 'unknown'`, as for any other lost answer. That
 * only happens if the server closes within the second in which we reuse. An earlier close is noticed: undici lets the event
 * loop turn once before it writes on an idle connection, and opens a new one if the close has arrived.
 * `Keep-Alive: timeout` and `Connection: close` are obeyed (RFC 9112 9.3).
 *
 * @see RFC 9112 section 9.3.1: a client must not repeat a POST by itself on a connection that was closed
 */
export function keepBriefly(): LateDispatcher {
  const options = {
    pipelining: 1,
    keepAliveTimeout: keptIdleMs,
    keepAliveMaxTimeout: keptIdleMs,
    keepAliveTimeoutThreshold: marginMs,
    clientTtl: oldestMs,
    // Each exchange has a deadline of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  return openLate(({ Agent }) => new Agent(options));
}
