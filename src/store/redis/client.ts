/** Creates the ioredis client, with settings under which it survives failovers and never resends a command by itself. */

import { isIP } from 'node:net';
import { Cluster, type ClusterOptions, Redis, type RedisOptions, SentinelConnector } from 'ioredis';
import type { HostPort, RedisAddress } from './address.js';

/** A connection to one master, or to all nodes of a Cluster. */
export type RedisClient = Redis | Cluster;

/** How long a client waits, ms. */
export interface ClientTimes {
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** The longest pause between two attempts to connect, ms. */
export const longestRetryMs = 1000;

/** Creates the client; it begins to connect at once and keeps trying until it is closed. */
export function createClient(address: RedisAddress, times: ClientTimes): RedisClient {
  return address.topology === 'cluster' ? createCluster(address, times) : createMasterClient(address, times);
}

/**
 * A client of the one master that an address leads to.
 *
 * @param protocol of RESP; by default 2: flat arrays for every reply, as dependencies were measured with
 */
export function createMasterClient(
  address: Exclude<RedisAddress, { topology: 'cluster' }>,
  times: ClientTimes,
  protocol: 2 | 3 = 2,
): Redis {
  const options = {
    ...connectionOptions(times),
    ...loginOptions(address),
    protocol,
    // Whoever uses RESP3 finds out what this connection is good for; ioredis would write to stderr if it may not ask INFO.
    enableReadyCheck: protocol === 2,
  };
  if (address.topology === 'single') {
    const { node, database } = address;
    return new Redis({ ...options, ...tlsOptions(address.tls, node), ...node, db: database });
  }
  const client = new Redis({
    ...options,
    ...tlsOptions(address.tls),
    sentinels: [...address.sentinels],
    name: address.masterName,
    db: address.database,
    ...(address.tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    sentinelCommandTimeout: times.commandTimeoutMs,
    // A former master that was frozen accepts writes again until it is told otherwise; an idle client would send them there.
    failoverDetector: true,
    // Without it, a Sentinel that was restarted reports nothing any more.
    sentinelReconnectStrategy: (attempt) => Math.min(attempt * 100, longestRetryMs),
    // It must always return a number: otherwise the client gives up for good.
    sentinelRetryStrategy: (attempt) => Math.min(attempt * 100, longestRetryMs),
  });
  keepListening(client);
  return client;
}

/** The channel on which Sentinels report a failover. */
const failovers = '+switch-master';

/**
 * Repairs how ioredis listens to Sentinels. It does so by clients of its own, which can only be reached through a private
 * method. It prints their errors to stderr: a stack trace every minute for a Sentinel that is gone, though the others report
 * the same. A Sentinel that was away for 20 attempts is connected again, but no longer subscribed to. And if a new
 * connection is lost before it has subscribed again, ioredis forgets the subscription and leaves a rejected promise to
 * nobody, which ends the process.
 */
function keepListening(client: Redis): void {
  const connector: unknown = Reflect.get(client, 'connector');
  if (!(connector instanceof SentinelConnector)) return;
  const connect: unknown = Reflect.get(connector, 'connectToSentinel');
  if (typeof connect !== 'function') return;
  Reflect.set(connector, 'connectToSentinel', (endpoint: unknown, options?: RedisOptions) => {
    const patient = { ...options, maxRetriesPerRequest: null, autoResubscribe: false };
    const sentinel: unknown = Reflect.apply(connect, connector, [endpoint, patient]);
    if (!(sentinel instanceof Redis)) return sentinel;
    // A client without options only asks for the master, and must not subscribe, as it could then ask nothing any more.
    if (options !== undefined) {
      sentinel.on('ready', () => void sentinel.subscribe(failovers).catch(() => sentinel.disconnect(true)));
    }
    return sentinel.on('error', () => undefined);
  });
}

/** The masters behind a client; one, unless it is a Cluster. */
export function mastersOf(client: RedisClient): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

/**
 * The nodes to ask whether the store is there. If a Cluster has lost all its masters, its replicas: ioredis goes back to the
 * nodes of REDIS_URL only when every node it knew has failed to answer, so somebody must ask them.
 */
export function examinedNodes(client: RedisClient): readonly Redis[] {
  const masters = mastersOf(client);
  return masters.length > 0 || !(client instanceof Cluster) ? masters : client.nodes();
}

function connectionOptions({ commandTimeoutMs, connectTimeoutMs }: ClientTimes): RedisOptions {
  return {
    connectionName: 'valetkey',
    disableClientInfo: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    // A frozen master keeps its connections open; only its silence shows it, and only a new connection finds its successor.
    socketTimeout: commandTimeoutMs * 2,
    keepAlive: 10_000,
    // A queued command would be carried out after its caller has given up.
    enableOfflineQueue: false,
    // The default would resend what was in flight when a connection broke: a second GETDEL would answer "absent".
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, longestRetryMs),
    reconnectOnError: reconnectWhenReadOnly(),
  };
}

/**
 * READONLY means that this connection leads to a former master: a new one finds the present master. At most one reconnect a
 * second, since it breaks other calls in flight, and a lone server may stay read-only for long.
 */
function reconnectWhenReadOnly(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!error.message.includes('READONLY') || performance.now() - last < 1000) return false;
    last = performance.now();
    return true;
  };
}

function loginOptions({ username, password }: RedisAddress): RedisOptions {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

/** Node sends SNI only if it is given a server name, and that is never an address (RFC 6066 section 3). */
function tlsOptions(tls: boolean, node?: HostPort): RedisOptions {
  if (!tls) return {};
  return { tls: node && isIP(node.host) === 0 ? { servername: node.host } : {} };
}

function createCluster(address: RedisAddress & { topology: 'cluster' }, times: ClientTimes): Cluster {
  const options: RedisOptions = { ...connectionOptions(times), ...loginOptions(address), protocol: 2 };
  const settings: ClusterOptions = {
    redisOptions: { ...options, ...tlsOptions(address.tls) },
    // Nodes connect on first use, so the first commands to a node must wait for that; `link.ts` asks nothing before
    // the Cluster is ready, and the command timeout bounds the wait.
    enableOfflineQueue: true,
    // Both would resend by themselves what may have been carried out, or what nobody waits for any more.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 16,
    slotsRefreshTimeout: options.connectTimeout ?? 1000,
    slotsRefreshInterval: 2000,
    clusterRetryStrategy: (attempt) => Math.min(50 * attempt, longestRetryMs),
    // Never here: after a failover callers would get raw MOVED errors for good (redis/ioredis#2075).
    enableAutoPipelining: false,
    // A certificate is for a name, so names must not be resolved to addresses before TLS has seen them.
    ...(address.tls ? { dnsLookup: (host, done) => done(null, host) } : {}),
  };
  return new Cluster([...address.nodes], settings);
}
