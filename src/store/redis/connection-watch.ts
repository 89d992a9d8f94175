/** Knows whether the client is connected, and if not, since when and why. */

import type { Log } from '../../core/log.js';
import type { RedisClient } from './client.js';
import { type ConnectionFault, faultOf } from './failures.js';

/** What the engine tells of. */
export type StoreLog = Pick<Log, 'info' | 'warn'>;

/** What is known of the connection without asking Redis. */
export interface ConnectionWatch {
  isReady(): boolean;
  /** How long there has been no connection, ms; 0 while there is one. */
  goneForMs(): number;
  /** Why there is none. */
  fault(): ConnectionFault | undefined;
  /** Resolves when there is a connection, when its fault is a lasting one, or after `ms`. */
  settled(ms: number): Promise<void>;
}

/** Listens to a client, and logs when the connection is lost and when it is back. */
export function watchConnection(client: RedisClient, log?: StoreLog): ConnectionWatch {
  let goneSince: number | undefined = performance.now();
  let fault: ConnectionFault | undefined;
  const noteFault = (error: unknown) => {
    const next = faultOf(error);
    if (next.text !== fault?.text && !isReady()) log?.warn({ fault: next.text }, 'the store has no connection');
    fault = next;
  };
  const isReady = () => client.status === 'ready';
  client.on('error', noteFault);
  client.on('node error', noteFault);
  client.on('close', () => {
    goneSince ??= performance.now();
  });
  client.on('ready', () => {
    goneSince = undefined;
    fault = undefined;
    log?.info({}, 'the store is connected');
  });
  return {
    isReady,
    goneForMs: () => (goneSince === undefined ? 0 : performance.now() - goneSince),
    fault: () => fault,
    settled: (ms) => waitUntilSettled(client, ms),
  };
}

function waitUntilSettled(client: RedisClient, ms: number): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      client.off('ready', finish).off('error', finishWhenLasting);
      resolve();
    };
    const finishWhenLasting = (error: unknown) => faultOf(error).lasting && finish();
    const timer = setTimeout(finish, ms);
    client.on('ready', finish).on('error', finishWhenLasting);
  });
}
