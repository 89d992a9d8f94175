/** Notices that another server has become master, or the same one has started again: it may have lost the latest writes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { StoreUnavailable } from '../../core/errors.js';
import { mastersOf, type RedisClient } from './client.js';
import { isForbidden } from './failures.js';
import type { RedisLink } from './link.js';
import { parseText } from './replies.js';

/** Between looks, ms: in a Cluster nothing else tells that a replica was promoted, and nothing at all of a frozen master. */
const lookEveryMs = 1_000;
const retryMs = 100;
/**
 * Other processes put back what they hold, too, as soon as they find the new master. No refresh begins for so long after
 * anybody has met it first, ms: also a process that has just started could spend a refresh token that was rotated away.
 * A server that has only started again is found by all as soon as it listens, and callers wait as long as that.
 */
const othersMs = { promoted: 5_000, restarted: 1_000 };
/** The same for who may not ask Redis which server it is, and so cannot tell one change from the next, ms. */
const blindMs = 500;
/** A master of a Cluster that is gone is waited for so long, ms; then the Cluster has become smaller. */
const missingMs = 30_000;

/** Lets refreshes begin only when what a failover has lost is back. */
export interface MasterWatch {
  /**
   * Resolves when the masters are the same as before, or what was lost is back. Without a connection there is nothing to
   * wait for: whatever is asked next fails by itself.
   *
   * @throws {StoreUnavailable} it is not back yet within the deadline of a command; nothing was done
   */
  settled(): Promise<void>;
  stop(): void;
}

/**
 * Watches the masters behind a client.
 *
 * @param isReady whether there is a connection
 * @param isIdle whether there is nothing that could be put back, so that nobody has to look
 * @param patienceMs nobody is held back for longer than this
 * @param knownForMs how long ago the newest of these masters was met first, by whichever process; `hasChanged`: this one
 *   has known others
 * @param onChange puts back what was lost; may throw `StoreUnavailable`, and is then called again
 */
export function watchMasters(
  client: RedisClient,
  link: RedisLink,
  on: {
    readonly isReady: () => boolean;
    readonly isIdle: () => boolean;
    readonly patienceMs: number;
    readonly knownForMs: (masters: readonly string[], hasChanged: boolean) => Promise<number>;
    readonly onChange: () => Promise<void>;
  },
): MasterWatch {
  let known: readonly string[] | undefined;
  let missingSince: number | undefined;
  let isBlind = false;
  let checking: Promise<void> | undefined;
  let suspicions = 0;
  let stopped = false;
  /** Once more after the others: a write may have been on its way when the first round began. */
  const putBack = async (waitMs: number) => {
    await on.onChange();
    await sleep(waitMs, undefined, { ref: false });
    await on.onChange();
  };
  const isOneMissing = ({ names }: Masters): boolean => {
    const isLess = names.length < (known?.length ?? 0);
    missingSince = isLess ? (missingSince ?? performance.now()) : undefined;
    return missingSince !== undefined && performance.now() - missingSince < missingMs;
  };
  const look = async (): Promise<void> => {
    const since = suspicions;
    const masters = await identify(link);
    isBlind = masters === undefined;
    if (masters === undefined) return putBack(blindMs);
    const isMissing = isOneMissing(masters);
    // What happened since Redis was asked may have changed it: a look that began before tells nothing about it.
    if (masters.names.join() === known?.join()) return since === suspicions ? undefined : look();
    if (isMissing) {
      // Who goes on without it would meet its heir before knowing that there is one.
      await sleep(retryMs, undefined, { ref: false });
      return stopped ? undefined : look();
    }
    const hasChanged = known !== undefined;
    const waitMs = othersMs[masters.kind] - (await on.knownForMs(masters.names, hasChanged));
    // Not known yet and something to put back: a failover may have come before the first look was done.
    if (hasChanged || waitMs > 0 || !on.isIdle()) await putBack(Math.max(waitMs, 0));
    known = masters.names;
    // Another failover may have come meanwhile.
    return look();
  };
  /** Without a connection there is nothing to look at; the next one begins with a look. A Cluster finds its way by asking. */
  const lookUntilDone = async (): Promise<void> => {
    while (!stopped && (client instanceof Cluster || on.isReady())) {
      try {
        return await look();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  };
  const suspect = () => {
    suspicions += 1;
    checking ??= lookUntilDone().finally(() => {
      checking = undefined;
    });
  };
  // A Cluster tells by `refresh` alone that a replica it knew is a master now.
  for (const event of ['ready', 'close', '+node', '-node', 'node error', 'refresh']) client.on(event, suspect);
  const timer = setInterval(() => {
    if (!on.isIdle() && (!isBlind || client instanceof Cluster)) suspect();
  }, lookEveryMs);
  timer.unref();
  suspect();
  return {
    settled: async () => {
      if (checking === undefined || !on.isReady()) return;
      const isBack = checking.then(() => true);
      if (await Promise.race([isBack, sleep(on.patienceMs, false, { ref: false })])) return;
      throw new StoreUnavailable('Redis has a new master, and what it may have lost is being put back.', 'no');
    },
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

/** The masters there are, and whether one of them has been a replica. */
interface Masters {
  readonly names: readonly string[];
  readonly kind: keyof typeof othersMs;
}

/** The masters, by what changes with every start (`run_id`) and every promotion (`master_replid`); nothing if it is forbidden. */
async function identify(link: RedisLink): Promise<Masters | undefined> {
  let masters: Masters | undefined;
  await link.read(async (client) => {
    const texts = mastersOf(client).map(async (master) => {
      const parts = await Promise.all(['server', 'replication'].map((part) => master.callBuffer('INFO', [part])));
      return parts.map(parseText).join('\n');
    });
    masters = await Promise.all(texts).then((infos) => describe(infos, client instanceof Cluster), unlessForbidden);
  });
  return masters;
}

/** Who may not ask takes every look for a change: putting back does no harm. */
function unlessForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

function describe(infos: readonly string[], isCluster: boolean): Masters {
  const names = infos.map((info) => `${factIn(info, 'run_id')}/${factIn(info, 'master_replid')}`).sort();
  // A replica that is promoted goes on from the history of its master. Of a Cluster one may be about to be.
  const wasPromoted = isCluster || infos.some((info) => factIn(info, 'second_repl_offset') !== '-1');
  return { names, kind: wasPromoted ? 'promoted' : 'restarted' };
}

function factIn(info: string, name: string): string {
  return new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? '';
}
