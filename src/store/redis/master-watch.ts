/** Notices that another server has become master, or the same one has started again: it may have lost the latest writes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { StoreUnavailable } from '../../core/errors.js';
import { mastersOf, type RedisClient } from './client.js';
import { isForbidden } from './failures.js';
import type { RedisLink } from './link.js';
import { parseText } from './replies.js';

/** Between looks, ms: in a Cluster nothing else tells that a replica was promoted. */
const lookEveryMs = 1_000;
const retryMs = 100;
/** Other processes put back what they hold, too; this long a refresh waits for them, ms. */
const othersMs = 500;

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
 * @param onChange puts back what was lost; may throw `StoreUnavailable`, and is then called again
 */
export function watchMasters(
  client: RedisClient,
  link: RedisLink,
  on: {
    readonly isReady: () => boolean;
    readonly isIdle: () => boolean;
    readonly patienceMs: number;
    readonly onChange: () => Promise<void>;
  },
): MasterWatch {
  let known: string | undefined;
  let checking: Promise<void> | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    for (let changed = false; !stopped; ) {
      try {
        const found = await identify(link);
        // Not known yet and something to put back: a failover may have come before the first look was done.
        changed ||= known === undefined ? !on.isIdle() : found !== known;
        if (changed) {
          await on.onChange();
          await sleep(othersMs);
          // Once more: a write may have been on its way when the first round began.
          await on.onChange();
        }
        known = found;
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await sleep(retryMs);
      }
    }
  };
  const suspect = () => {
    checking ??= look().finally(() => {
      checking = undefined;
    });
  };
  for (const event of ['ready', 'close', '+node', '-node', 'node error']) client.on(event, suspect);
  const timer = setInterval(() => {
    if (client instanceof Cluster && !on.isIdle()) suspect();
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

/** Changes with every start of a master (`run_id`) and with every promotion (`master_replid`). */
async function identify(link: RedisLink): Promise<string> {
  const masters: string[] = [];
  await link.read(async (client) => {
    const texts = mastersOf(client).map(async (master) => {
      const parts = await Promise.all(['server', 'replication'].map((part) => master.callBuffer('INFO', [part])));
      return parts.map(parseText).join('\n');
    });
    masters.push(...(await Promise.all(texts).catch(unlessForbidden)).map(identityIn));
  });
  return masters.sort().join(' ');
}

/** Who may not ask takes every look for a change: putting back does no harm. */
function unlessForbidden(error: unknown): readonly string[] {
  if (isForbidden(error)) return [`run_id:${performance.now()}`];
  throw error;
}

function identityIn(info: string): string {
  const fact = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? '';
  return `${fact('run_id')}/${fact('master_replid')}`;
}
