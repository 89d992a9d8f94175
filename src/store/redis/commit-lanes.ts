/**
 * Connections for commits alone, which wait for replicas. `WAIT` counts the writes of its own connection and holds back
 * everything behind it; so a write and its `WAIT` travel together, on connections that nothing else uses.
 */

import { StoreUnavailable } from '../../core/errors.js';
import type { RedisAddress } from './address.js';
import { type ClientTimes, createClient } from './client.js';
import { type StoreLog, watchConnection } from './connection-watch.js';
import { isForbidden } from './failures.js';
import type { Argument } from './flat-command.js';
import { createLink, type RedisLink } from './link.js';
import { parseNumber } from './replies.js';
import type { Script } from './scripts.js';

/** How many replicas a commit waits for, how long, and whether for their disks. */
export interface ReplicaWait {
  readonly replicas: number;
  readonly timeoutMs: number;
  /**
   * `WAITAOF` (Redis 7.2): on disk, here and there, not only in the replicas' memory. If Redis does not have it, as without.
   */
  readonly onDisk: boolean;
}

/** Runs the scripts that commit, and those that write an intent. Counts commits that too few replicas have confirmed. */
export interface CommitLanes {
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  unacknowledged(): number;
  close(): Promise<void>;
}

/** So many connections; a commit queues behind another one if all are in use. */
const laneCount = 4;
/** Between two log lines about the same thing, ms. */
const quietMs = 10_000;

interface Lane {
  readonly link: RedisLink;
  readonly isReady: () => boolean;
  busy: number;
}

/** Commits without waiting for replicas, on the link that all calls share. */
export function sharedLane(link: RedisLink): CommitLanes {
  return {
    run: (script, keys, args) => link.write(script(keys, ...args)),
    unacknowledged: () => 0,
    close: async () => {},
  };
}

/** Opens the lanes; they connect by themselves and log nothing about it. */
export function openCommitLanes(
  address: RedisAddress,
  times: ClientTimes,
  options: { readonly wait: ReplicaWait; readonly log?: StoreLog | undefined },
): CommitLanes {
  const { log } = options;
  let { wait } = options;
  // The reply may have to wait for its own WAIT and for another one in front of it.
  const commandTimeoutMs = times.commandTimeoutMs + 2 * wait.timeoutMs;
  const lanes = Array.from({ length: laneCount }, (): Lane => {
    const client = createClient(address, { ...times, commandTimeoutMs });
    const watch = watchConnection(client);
    return { link: createLink(client, watch, commandTimeoutMs), isReady: watch.isReady, busy: 0 };
  });
  let missed = 0;
  let lastWarning = Number.NEGATIVE_INFINITY;
  const note = (acknowledged: number) => {
    if (acknowledged >= wait.replicas) return;
    missed += 1;
    if (performance.now() - lastWarning < quietMs) return;
    lastWarning = performance.now();
    log?.warn({ wanted: wait.replicas, acknowledged }, 'too few replicas have confirmed a commit');
  };
  return {
    run: async (script, keys, args) => {
      const lane = choose(lanes);
      lane.busy += 1;
      try {
        const { reply, waited } = await runAndWait(lane.link, { script, keys, args, wait });
        note(countOf(waited));
        if (wait.onDisk && isForbidden(waited)) {
          wait = { ...wait, onDisk: false };
          log?.warn({}, 'Redis has no WAITAOF for us (7.2 has it): commits wait for the memory of replicas');
        }
        return reply;
      } finally {
        lane.busy -= 1;
      }
    },
    unacknowledged: () => missed,
    close: async () => {
      await Promise.all(lanes.map(({ link }) => link.close()));
    },
  };
}

/** The least busy lane that is connected. Others fail at once, are thus never busy, and would attract every commit. */
function choose(lanes: readonly Lane[]): Lane {
  return lanes.reduce((best, each) => {
    if (each.isReady() !== best.isReady()) return each.isReady() ? each : best;
    return each.busy < best.busy ? each : best;
  });
}

/** The script's reply and that of the wait, which may be an error. */
async function runAndWait(
  link: RedisLink,
  commit: {
    readonly script: Script;
    readonly keys: readonly string[];
    readonly args: readonly Argument[];
    readonly wait: ReplicaWait;
  },
): Promise<{ reply: unknown; waited: unknown }> {
  const { script, keys, args, wait } = commit;
  const outcome: { reply?: unknown; waited?: unknown } = {};
  await link.write(async (client) => {
    [outcome.reply, outcome.waited] = await script.followed(client, keys, args, waitCommand(wait));
  });
  return { reply: outcome.reply, waited: outcome.waited };
}

function waitCommand({ replicas, timeoutMs, onDisk }: ReplicaWait): readonly [string, ...Argument[]] {
  return onDisk ? ['call', 'WAITAOF', 1, replicas, timeoutMs] : ['call', 'WAIT', replicas, timeoutMs];
}

/** WAIT answers a number; WAITAOF the number of local disks and of replicas. A failed wait counts none. */
function countOf(reply: unknown): number {
  if (reply instanceof Error) return 0;
  const [local, replicas] = Array.isArray(reply) ? reply : [1, reply];
  try {
    return parseNumber(local) >= 1 ? parseNumber(replicas) : 0;
  } catch (error) {
    if (error instanceof StoreUnavailable) return 0;
    throw error;
  }
}
