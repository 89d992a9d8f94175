/** What happens to connections, sent as it happens: server-sent events that can be resumed. */

import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isTold, type StoredEvent } from '../src/core/events.js';
import type { EventStore } from '../src/core/store.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import { type Authenticate, type Caller, callerOf, reachesProvider } from './caller.js';
import { createDepartures } from './departure.js';
import { eventsHeaders } from './schemas.js';
import { formatEvent, problemAnswers } from './wire.js';

const stream = {
  description: 'Each event has an `id`, its type as `event`, and JSON as `data`.',
  content: { 'text/event-stream': { schema: z.unknown() } },
};

const batch = 100;
/** How long a browser or client library waits before it comes back after the end of a stream, ms. */
const reconnectMs = 2000;

/** What the event stream needs. */
export interface EventsOptions {
  readonly manager: OAuthManager;
  readonly authenticate: Authenticate;
  /** How often a comment is sent that keeps idle connections open; most proxies close them after 30-60 s. Ms. */
  readonly heartbeatMs?: number;
}

/** `GET /events`. Without `Last-Event-ID` the stream starts with the next event. */
export const events: FastifyPluginAsyncZod<EventsOptions> = async (app, options) => {
  const { manager, authenticate, heartbeatMs = 15_000 } = options;
  const departureOf = createDepartures(app);
  app.route({
    method: 'GET',
    url: '/events',
    exposeHeadRoute: false,
    config: { roles: ['bot', 'viewer', 'admin'] },
    schema: {
      operationId: 'followEvents',
      summary: 'Server-sent events of this tenant, resumable with `Last-Event-ID`',
      tags: ['events'],
      headers: eventsHeaders,
      response: { 200: stream, ...problemAnswers },
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      // Read first in every case, so that an outage of the store is a problem answer and not a stream that ends at once.
      const newest = await manager.events.newest(caller.tenant);
      const after = request.headers['last-event-id'] || newest;
      const stillAllowed = () => authenticate(request.raw.headers);
      const told = follow({ log: manager.events, caller, stillAllowed, heartbeatMs }, after, departureOf(reply));
      reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no');
      return reply.send(Readable.from(told, { objectMode: false }));
    },
  });
};

interface Subscription {
  readonly log: Pick<EventStore, 'read' | 'wait'>;
  readonly caller: Caller;
  /** Rejects once the credential is revoked or has expired: the stream must end then. */
  readonly stillAllowed: () => Promise<unknown>;
  readonly heartbeatMs: number;
}

/** Ends when the client or the server leaves, and when reading fails: the client comes back with its last id. */
async function* follow(subscription: Subscription, start: string, gone: AbortSignal): AsyncGenerator<string> {
  const { log, caller, stillAllowed } = subscription;
  let after = start;
  // The client remembers an id without data, and dispatches no event for it (HTML, server-sent events 9.2.6).
  yield `retry: ${reconnectMs}\nid: ${after}\n\n`;
  while (!gone.aborted) {
    const entries = await log.read(caller.tenant, after, batch).catch(() => undefined);
    if (entries === undefined || !(await succeeds(stillAllowed))) return;
    for (const entry of entries) if (isForCaller(entry, caller)) yield formatEvent(entry);
    after = entries.at(-1)?.id ?? after;
    if (entries.length === 0 && (await waitForMore(subscription, after, gone)) === 'quiet') yield ': still here\n\n';
  }
}

function isForCaller({ event }: StoredEvent, caller: Caller): boolean {
  return isTold(event) && reachesProvider(caller, event.provider);
}

async function succeeds(action: () => Promise<unknown>): Promise<boolean> {
  return action().then(
    () => true,
    () => false,
  );
}

async function waitForMore(subscription: Subscription, after: string, gone: AbortSignal): Promise<'quiet' | 'maybe'> {
  const { log, caller, heartbeatMs } = subscription;
  const pause = new AbortController();
  const stop = () => pause.abort();
  let quiet = false;
  const heartbeat = setTimeout(() => {
    quiet = true;
    stop();
  }, heartbeatMs);
  gone.addEventListener('abort', stop, { once: true });
  if (gone.aborted) stop();
  await log.wait(caller.tenant, after, pause.signal).catch(stop);
  clearTimeout(heartbeat);
  gone.removeEventListener('abort', stop);
  return quiet && !gone.aborted ? 'quiet' : 'maybe';
}
