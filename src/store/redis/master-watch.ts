/** Notices that another server has become master, or that one was restarted: it may have lost the latest writes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { StoreUnavailable } from '../../core/errors.js';
import { mastersOf, type RedisClient } from './client.js';
import { isForbidden } from './failures.js';
import type { RedisLink } from './link.js';
import { parseText } from './replies.js';

/** How often to look, ms: a Cluster does not always tell of a promotion, and nothing tells of a master that is frozen. */
const lookEveryMs = 1_000;
const retryMs = 100;
/**
 * Other processes also put back what they hold as soon as they find the new master. So no refresh begins for this long, ms,
 * after any process has met it first: even a process that has just started could spend a refresh token that was rotated away.
 * A server that has only been restarted is found by all as soon as it listens, so callers wait for less.
 */
const othersMs = { promoted: 5_000, restarted: 1_000 };
/** The same, ms, if we may not ask Redis which server it is, and so cannot tell one change from the next. */
const blindMs = 500;
/** A master of a Cluster that is gone is waited for this long, ms; then the Cluster is taken to have become smaller. */
const missingMs = 30_000;

/** What the watch needs of its engine. */
export interface WatchedEngine {
  /** Whether there is a connection. */
  readonly isReady: () => boolean;
  /** Whether there is nothing that could be put back, so that nobody has to look. */
  readonly isIdle: () => boolean;
  /** Nobody is held back for longer than this, ms. */
  readonly patienceMs: number;
  /** How long ago, ms, any process first met the newest of these masters; `hasChanged`: this process has known others. */
  readonly knownForMs: (masters: readonly string[], hasChanged: boolean) => Promise<number>;
  /** Puts back what was lost. @throws {StoreUnavailable} it is then called again */
  readonly putBack: () => Promise<void>;
}

/** Watches the masters behind a client, and lets refreshes begin only when what a failover has lost is put back. */
export class MasterWatch {
  readonly #client: RedisClient;
  readonly #link: RedisLink;
  readonly #engine: WatchedEngine;
  readonly #timer: NodeJS.Timeout;
  #known: readonly string[] | undefined;
  /** Since when a master is missing, by `performance.now`. */
  #missingSince: number | undefined;
  /** Whether we may not ask Redis which server it is. */
  #isBlind = false;
  #checking: Promise<void> | undefined;
  #suspicions = 0;
  #isStopped = false;

  constructor(client: RedisClient, link: RedisLink, engine: WatchedEngine) {
    this.#client = client;
    this.#link = link;
    this.#engine = engine;
    // That a known replica has become a master, a Cluster tells only by `refresh`.
    for (const event of ['ready', 'close', '+node', '-node', 'node error', 'refresh']) {
      client.on(event, () => this.#suspect());
    }
    this.#timer = setInterval(() => {
      if (!engine.isIdle() && (!this.#isBlind || client instanceof Cluster)) this.#suspect();
    }, lookEveryMs);
    this.#timer.unref();
    this.#suspect();
  }

  /**
   * Resolves when the masters are the same as before, or what was lost is back. Without a connection it resolves at once:
   * the next call of Redis fails by itself.
   *
   * @throws {StoreUnavailable} it is not back within `patienceMs`; nothing was done
   */
  async settled(): Promise<void> {
    if (this.#checking === undefined || !this.#engine.isReady()) return;
    const isBack = this.#checking.then(() => true);
    if (await Promise.race([isBack, sleep(this.#engine.patienceMs, false, { ref: false })])) return;
    throw new StoreUnavailable('Redis has a new master, and what it may have lost is being put back.', 'no');
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  #suspect(): void {
    this.#suspicions += 1;
    this.#checking ??= this.#lookUntilDone().finally(() => {
      this.#checking = undefined;
    });
  }

  /** Without a connection there is nothing to look at, and the next one begins with a look. A Cluster connects by asking. */
  async #lookUntilDone(): Promise<void> {
    while (!this.#isStopped && (this.#client instanceof Cluster || this.#engine.isReady())) {
      try {
        return await this.#look();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await sleep(retryMs, undefined, { ref: false });
      }
    }
  }

  async #look(): Promise<void> {
    const since = this.#suspicions;
    const masters = await identify(this.#link);
    this.#isBlind = masters === undefined;
    if (masters === undefined) return this.#putBackTwice(blindMs);
    const isMissing = this.#isOneMissing(masters);
    // A suspicion that arose after Redis was asked needs a look of its own.
    if (masters.names.join() === this.#known?.join()) return since === this.#suspicions ? undefined : this.#look();
    if (isMissing) {
      // To go on without the missing master would mean to use its successor before knowing of it.
      await sleep(retryMs, undefined, { ref: false });
      return this.#isStopped ? undefined : this.#look();
    }
    const hasChanged = this.#known !== undefined;
    const waitMs = othersMs[masters.kind] - (await this.#engine.knownForMs(masters.names, hasChanged));
    // Even if none were known: a failover may have come before the first look was done.
    if (hasChanged || waitMs > 0 || !this.#engine.isIdle()) await this.#putBackTwice(Math.max(waitMs, 0));
    this.#known = masters.names;
    // Another failover may have come meanwhile.
    return this.#look();
  }

  #isOneMissing({ names }: Masters): boolean {
    const isLess = names.length < (this.#known?.length ?? 0);
    this.#missingSince = isLess ? (this.#missingSince ?? performance.now()) : undefined;
    return this.#missingSince !== undefined && performance.now() - this.#missingSince < missingMs;
  }

  /** The second time for a write that was on its way the first time. */
  async #putBackTwice(waitMs: number): Promise<void> {
    await this.#engine.putBack();
    await sleep(waitMs, undefined, { ref: false });
    await this.#engine.putBack();
  }
}

/** The present masters, and whether one of them has been a replica. */
interface Masters {
  readonly names: readonly string[];
  readonly kind: keyof typeof othersMs;
}

/** The masters, named by what changes with every start (`run_id`) and promotion (`master_replid`); `undefined` if forbidden. */
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

/** Without permission every look counts as a change: putting back does no harm. */
function unlessForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

function describe(infos: readonly string[], isCluster: boolean): Masters {
  const names = infos.map((info) => `${factIn(info, 'run_id')}/${factIn(info, 'master_replid')}`).sort();
  // A promoted replica continues its master's history. In a Cluster, a promotion may be about to happen.
  const wasPromoted = isCluster || infos.some((info) => factIn(info, 'second_repl_offset') !== '-1');
  return { names, kind: wasPromoted ? 'promoted' : 'restarted' };
}

function factIn(info: string, name: string): string {
  return new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? '';
}
