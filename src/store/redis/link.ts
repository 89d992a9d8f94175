/** Sends requests to Redis with a deadline, repeats what may be repeated, and throws only `StoreUnavailable`. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { StoreUnavailable } from '../../core/errors.js';
import { longestRetryMs, type RedisClient } from './client.js';
import type { ConnectionWatch } from './connection-watch.js';
import { within } from './deadlines.js';
import { describeFailure, type Failure, NotConnected } from './failures.js';
import { type Argument, FlatCommand } from './flat-command.js';

/** One request on a client. Replies are Buffers, numbers, null, or lists of these. */
export type Ask = (client: RedisClient) => Promise<unknown>;

/** One command. Names are upper case, so that ioredis does not transform the replies. */
export function command(name: string, ...args: readonly Argument[]): Ask {
  return (client) => sendCommand(client, name, [...args]);
}

/** Like `callBuffer`; see {@link FlatCommand}. */
export async function sendCommand(client: RedisClient, name: string, args: Argument[]): Promise<unknown> {
  return client.sendCommand(new FlatCommand(name, args));
}

/** The connection to Redis for all parts of the engine. Every call ends within the command timeout. */
export interface RedisLink {
  /** Also repeats what Redis may have carried out before the connection was lost; for requests that change nothing. */
  read(ask: Ask): Promise<unknown>;
  /** Repeats only if Redis certainly did not carry out the request. */
  write(ask: Ask): Promise<unknown>;
  close(): Promise<void>;
}

/** Pause between two tries, ms: two pauses fit into the time in which a client finds a new master. */
const pauseMs = 50;
/** If the connection has been lost for longer, ms, requests fail at once: otherwise callers queue up behind a dead Redis. */
const patienceMs = 1000;

/** So many bytes are written without waiting for more: the keys of about 64 reads. */
const worthAWrite = 2048;

/** Adds the deadline and the rules for repeating to a client. */
export function createLink(client: RedisClient, watch: ConnectionWatch, commandTimeoutMs: number): RedisLink {
  let closing = false;
  const together = leavingTogether(client);
  neverGiveUp(client, () => closing);
  const call = async (ask: Ask, mayRepeat: (failure: Failure) => boolean): Promise<unknown> => {
    const endsAt = performance.now() + commandTimeoutMs;
    for (;;) {
      if (closing) throw new StoreUnavailable('The store is closed.', 'no');
      try {
        if (!watch.isReady()) throw new NotConnected();
        together.begins();
        try {
          const asked = ask(client);
          together.wrote();
          return await within(endsAt, asked);
        } finally {
          together.ends();
        }
      } catch (error) {
        const failure = describeFailure(error, watch.fault()?.text);
        const isWorthIt = watch.goneForMs() < patienceMs && performance.now() + pauseMs < endsAt;
        if (!mayRepeat(failure) || !isWorthIt) throw failure.error;
      }
      await sleep(pauseMs);
    }
  };
  return {
    read: (ask) => call(ask, ({ again }) => again !== 'none'),
    write: (ask) => call(ask, ({ again }) => again === 'any'),
    close: async () => {
      closing = true;
      await disconnect(client, commandTimeoutMs);
    },
  };
}

/**
 * ioredis gives up for ever if it learns of a failover while it asks a Sentinel for the master (`end`), or if its last
 * connection closes while it looks up the names of a Cluster's nodes (`close`, without another try). So it is made to
 * connect again.
 */
function neverGiveUp(client: RedisClient, isClosing: () => boolean): void {
  let timer: NodeJS.Timeout | undefined;
  const lookIn = (ms: number) => () => {
    clearTimeout(timer);
    if (isClosing()) return;
    timer = setTimeout(() => {
      // A failure is reported by an event, and it goes on trying.
      if (!isClosing() && /^(end|close)$/.test(client.status)) client.connect().catch(() => undefined);
    }, ms);
    timer.unref();
  };
  client.on('end', lookIn(pauseMs));
  for (const event of ['connecting', 'close', 'reconnecting']) client.on(event, lookIn(longestRetryMs * 2));
}

/**
 * Commands of one turn of the event loop are sent with one write: the system call is half of the cost of a command here.
 * If no other is under way, a request is sent at once, so that a single caller does not wait.
 */
function leavingTogether(client: RedisClient): { begins(): void; wrote(): void; ends(): void } {
  let underWay = 0;
  let corked: Redis['stream'] | undefined;
  const gather = ({ stream }: Redis) => {
    corked = stream;
    stream.cork();
    setImmediate(() => {
      corked = undefined;
      stream.uncork();
    });
  };
  return {
    begins: () => {
      // Each node of a Cluster has its own connection.
      if (underWay > 0 && corked === undefined && client instanceof Redis) gather(client);
      underWay += 1;
    },
    wrote: () => {
      if (corked === undefined || corked.writableLength < worthAWrite) return;
      // Redis works on these commands while we make the rest.
      corked.uncork();
      corked.cork();
    },
    ends: () => {
      underWay -= 1;
    },
  };
}

/** QUIT lets commands in flight finish; a connection that does not answer it is dropped. */
async function disconnect(client: RedisClient, ms: number): Promise<void> {
  try {
    if (client.status === 'ready') await within(performance.now() + ms, client.quit());
  } catch {
    // Of no importance: the connection is dropped anyway.
  }
  client.disconnect();
  // A refresh of the slots that is under way would schedule the next one, and so on for ever. This one ends after it.
  if (client instanceof Cluster) client.refreshSlotsCache(() => client.disconnect());
}
