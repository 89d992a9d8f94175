/** Asks Redis under a deadline, repeats what may be repeated, and lets nothing but `StoreUnavailable` out. */

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

/** One command. Names are upper case, by which ioredis leaves the replies as they are. */
export function command(name: string, ...args: readonly Argument[]): Ask {
  return (client) => sendCommand(client, name, [...args]);
}

/** As `callBuffer` does; see {@link FlatCommand}. */
export async function sendCommand(client: RedisClient, name: string, args: Argument[]): Promise<unknown> {
  return client.sendCommand(new FlatCommand(name, args));
}

/** The way to Redis for all parts of the engine. Every call ends within the command timeout. */
export interface RedisLink {
  /** Repeats whatever failed on the way: for requests that change nothing. */
  read(ask: Ask): Promise<unknown>;
  /** Repeats only what Redis certainly did not carry out. */
  write(ask: Ask): Promise<unknown>;
  close(): Promise<void>;
}

/** Between two tries, ms: two fit into the time in which a client finds a new master. */
const pauseMs = 50;
/** A connection that has been gone for longer, ms, is not waited for: callers queue up behind a dead Redis otherwise. */
const patienceMs = 1000;

/** So many bytes wait for nothing more: the keys of about 64 reads. */
const worthAWrite = 2048;

/** Puts the deadline and the rules of repeating around a client. */
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
 * ioredis gives up for good when it hears of a failover while it asks a Sentinel for the master (`end`), and when the last
 * connection that it lets go is gone while it looks up the names of a Cluster's nodes (`close`, without a next try).
 */
function neverGiveUp(client: RedisClient, isClosing: () => boolean): void {
  let timer: NodeJS.Timeout | undefined;
  const lookIn = (ms: number) => () => {
    clearTimeout(timer);
    if (isClosing()) return;
    timer = setTimeout(() => {
      // What hinders it is told by an event, and it goes on trying.
      if (!isClosing() && /^(end|close)$/.test(client.status)) client.connect().catch(() => undefined);
    }, ms);
    timer.unref();
  };
  client.on('end', lookIn(pauseMs));
  for (const event of ['connecting', 'close', 'reconnecting']) client.on(event, lookIn(longestRetryMs * 2));
}

/**
 * What is asked in one turn of the event loop leaves by one write: the system call is half of what a command costs here.
 * A request with no other under way leaves at once, as one caller alone wants it.
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
      // The nodes of a Cluster have connections of their own.
      if (underWay > 0 && corked === undefined && client instanceof Redis) gather(client);
      underWay += 1;
    },
    wrote: () => {
      if (corked === undefined || corked.writableLength < worthAWrite) return;
      // Redis works on what has left while we make the rest.
      corked.uncork();
      corked.cork();
    },
    ends: () => {
      underWay -= 1;
    },
  };
}

/** QUIT lets what is in flight finish; a connection that does not answer it is dropped. */
async function disconnect(client: RedisClient, ms: number): Promise<void> {
  try {
    if (client.status === 'ready') await within(performance.now() + ms, client.quit());
  } catch {
    // Nothing is lost by it: the connection is dropped all the same.
  }
  client.disconnect();
  // A look at the slots that is under way plans the next one when it ends, and so on for ever; it ends before this one.
  if (client instanceof Cluster) client.refreshSlotsCache(() => client.disconnect());
}
