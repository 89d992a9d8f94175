/** Opens the Redis storage engine: single, behind Sentinels, or a Cluster. */

import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { ConfigurationError, StoreUnavailable } from '../../core/errors.js';
import type { StorageEngine } from '../engine.js';
import { type Gather, oneByOne, together } from '../gathering.js';
import { parseRedisUrl, type RedisAddress } from './address.js';
import { createClient, createMasterClient } from './client.js';
import { openCommitLanes, type ReplicaWait, sharedLane } from './commit-lanes.js';
import { type ConnectionWatch, type StoreLog, watchConnection } from './connection-watch.js';
import { createDocuments } from './documents.js';
import { createDueIndex } from './due-index.js';
import { createExpiringValues } from './expiring-values.js';
import { readsOneByOne, readsTogether } from './gathered-reads.js';
import { examineRedis } from './health.js';
import { nameKeys, type RedisKeys } from './keys.js';
import { command, createLink, type RedisLink } from './link.js';
import { createLogs } from './logs.js';
import { MasterWatch } from './master-watch.js';
import { createOwnerFields, restoreAll } from './owner-fields.js';
import { createOwnerWrites } from './owner-writes.js';
import { RecentCommits } from './recent-commits.js';
import { parseList, parseNumber, parseText } from './replies.js';
import { loadScript } from './scripts.js';
import { createWalks } from './walks.js';
import { WriteWatch } from './write-watch.js';

const sightScript = loadScript('sight-masters');

/** Where Redis is and how long to wait for it. */
export interface RedisEngineOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  readonly keyPrefix: string;
  /** The longest that any call takes, ms. */
  readonly commandTimeoutMs?: number;
  /** The longest that connecting takes, ms; `openRedisEngine` waits that long for the first connection. */
  readonly connectTimeoutMs?: number;
  /**
   * Replicas that every commit waits for; none by default. If too few confirm, that is logged and counted, never an error.
   */
  readonly wait?: ReplicaWait;
  readonly log?: StoreLog;
}

/**
 * Connects to Redis. A Redis that is down does not prevent the start: the engine answers `StoreUnavailable` and connects as
 * soon as it can.
 *
 * @throws {ConfigurationError} the URL or prefix is unusable, Redis refuses the password, TLS fails, Redis is too old,
 *   or it may evict keys. Names REDIS_URL or KEY_PREFIX, never a value
 */
export async function openRedisEngine(options: RedisEngineOptions): Promise<StorageEngine> {
  const { commandTimeoutMs = 1500, connectTimeoutMs = 1500, log } = options;
  const address = parseRedisUrl(options.url);
  const keys = nameKeys(options.keyPrefix);
  const times = { commandTimeoutMs, connectTimeoutMs };
  const client = createClient(address, times);
  const watch = watchConnection(client, log);
  const link = createLink(client, watch, commandTimeoutMs);
  const isCluster = address.topology === 'cluster';
  const readStored = isCluster ? readsOneByOne(link) : readsTogether(link);
  const writeWatch =
    address.topology === 'cluster' || client instanceof Cluster
      ? undefined
      : new WriteWatch({
          link,
          client,
          connect: () => createMasterClient(address, times, 3),
          proofKey: keys.proof(randomUUID()),
          patienceMs: commandTimeoutMs / 6,
          pauseMs: 30_000,
        });
  const readWatched = writeWatch ? readsTogether(writeWatch) : readStored;
  const gather: Gather = isCluster ? oneByOne : together;
  const logs = createLogs(link, keys);
  const journal = new RecentCommits();
  const lanes = options.wait ? openCommitLanes(address, times, { wait: options.wait, log }) : sharedLane(link);
  const writes = createOwnerWrites(lanes, keys, gather);
  const restoring = restoresFrom(journal, { link, keys, log });
  const masters = new MasterWatch(client, link, {
    isReady: watch.isReady,
    isIdle: () => journal.isEmpty,
    patienceMs: commandTimeoutMs,
    knownForMs: async (found, hasChanged) =>
      parseNumber(await link.write(sightScript([keys.masters], hasChanged ? 1 : 0, ...found))),
    putBack: restoring.putBack,
  });
  const close = async () => {
    masters.stop();
    logs.stop();
    writeWatch?.close();
    await Promise.all([link.close(), lanes.close()]);
  };
  await watch.settled(connectTimeoutMs);
  try {
    await refuseUnfit(link, watch, { address, log });
  } catch (error) {
    await close();
    throw error;
  }
  const { stop: _stop, ...logMethods } = logs;
  return {
    kind: 'redis',
    ...createOwnerFields(link, keys, { readStored, readWatched, writeWatch, writes, journal, masters }),
    ...createExpiringValues(link, keys),
    ...createDueIndex(link, keys, gather),
    ...logMethods,
    ...createDocuments(link, keys),
    ...createWalks(link, keys),
    now: async () => parseTime(await link.read(command('TIME'))),
    check: () => check(link, address),
    figures: () => ({ commitsUnacknowledged: lanes.unacknowledged(), commitsRestored: restoring.count() }),
    close,
  };
}

/** Puts back what a failover has lost of the journal, and counts it. */
function restoresFrom(
  journal: RecentCommits,
  { link, keys, log }: { readonly link: RedisLink; readonly keys: RedisKeys; readonly log: StoreLog | undefined },
) {
  let restored = 0;
  return {
    count: () => restored,
    putBack: async () => {
      const before = restored;
      const note = () => {
        restored += 1;
      };
      // Counted even if it fails half-way: one part of a Cluster may accept its commits before another one does.
      await restoreAll(journal, { link, keys, note }).finally(() => {
        const count = restored - before;
        if (count > 0) log?.warn({ count }, 'commits that a failover had lost were put back');
      });
    },
  };
}

/**
 * Refuses to start with a fault that will not go away, and warns of risks of losing data; `check` reports passing faults.
 */
async function refuseUnfit(
  link: RedisLink,
  watch: ConnectionWatch,
  { address, log }: { readonly address: RedisAddress; readonly log: StoreLog | undefined },
): Promise<void> {
  const fault = watch.fault();
  if (fault?.lasting && !watch.isReady()) throw unfit(fault.text);
  if (!watch.isReady()) return;
  try {
    const health = await examineRedis(link, address);
    if (health.unfit) throw unfit(health.unfit);
    for (const warning of health.warnings) log?.warn({}, warning);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}

function unfit(problem: string): ConfigurationError {
  return new ConfigurationError([{ name: 'REDIS_URL', problem }]);
}

async function check(
  link: RedisLink,
  address: RedisAddress,
): Promise<{ latencyMs: number; warnings: readonly string[] }> {
  const { latencyMs, warnings, unfit: reason } = await examineRedis(link, address);
  if (reason) throw new StoreUnavailable(`The store must not be used: ${reason}.`, 'no');
  return { latencyMs, warnings };
}

/** TIME answers seconds and microseconds. */
function parseTime(reply: unknown): number {
  const [seconds, microseconds] = parseList(reply).map((part) => Number(parseText(part)));
  return (seconds ?? Number.NaN) * 1000 + Math.floor((microseconds ?? 0) / 1000);
}
