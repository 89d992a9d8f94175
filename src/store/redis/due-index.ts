/** The due index: sorted sets by time, spread over shards so that a Cluster carries it together. */

import type { DueIndex } from '../engine.js';
import type { Gather } from '../gathering.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList, parseNumber, parseText, unexpected } from './replies.js';
import { loadScript } from './scripts.js';

const claimScript = loadScript('claim-due');
const scheduleScript = loadScript('schedule-due');

interface DueMember {
  readonly shard: string;
  readonly member: Buffer;
  readonly dueAt: number;
}

/** Binds the part to a link and a prefix. `gather`: see `gathering.ts`. */
export function createDueIndex(link: RedisLink, keys: RedisKeys, gather: Gather): DueIndex {
  const schedule = gather(async (entries: readonly Omit<DueMember, 'shard'>[]) => {
    const shards = entries.map(({ member }) => keys.due(member));
    return parseList(
      await link.write(scheduleScript(shards, ...entries.flatMap(({ dueAt, member }) => [dueAt, member]))),
    );
  });
  return {
    schedule: async (member, dueAt) => {
      await schedule({ member: Buffer.from(member, 'latin1'), dueAt });
    },
    unschedule: async (member) => {
      const bytes = Buffer.from(member, 'latin1');
      await link.write(command('ZREM', keys.due(bytes), bytes));
    },
    dueTime: async (member) => {
      const bytes = Buffer.from(member, 'latin1');
      const score = parseBuffer(await link.read(command('ZSCORE', keys.due(bytes), bytes)));
      return score && Number(score.toString());
    },
    claimDue: async (now, limit, leaseMs) => {
      const claimed: string[] = [];
      // Others may claim what we have just found: look again while there is something to find.
      while (claimed.length < limit) {
        const oldest = await findOldest(link, keys, { now, limit: limit - claimed.length });
        if (oldest.length === 0) break;
        claimed.push(...(await claimMembers(link, oldest, { now, until: now + leaseMs })));
      }
      return claimed;
    },
    countDue: async (now) => {
      const counts = keys.allDue().map(async (shard) => link.read(command('ZCOUNT', shard, '-inf', now)));
      return (await Promise.all(counts)).reduce<number>((sum, count) => sum + parseNumber(count), 0);
    },
  };
}

/** Moves those that are still due to `until`, shard by shard at once; answers them in their order. */
async function claimMembers(
  link: RedisLink,
  oldest: readonly DueMember[],
  { now, until }: { now: number; until: number },
): Promise<readonly string[]> {
  const shards = [...new Set(oldest.map(({ shard }) => shard))];
  const claims = shards.map(async (shard) => {
    const members = oldest.filter((each) => each.shard === shard).map(({ member }) => member);
    return parseList(await link.write(claimScript([shard], now, until, ...members)));
  });
  const claimed = new Set((await Promise.all(claims)).flat().map(parseMember));
  return oldest.map(({ member }) => member.toString('latin1')).filter((member) => claimed.has(member));
}

/**
 * The oldest that are due over all shards, in order, up to the limit. Somebody else may claim them before we do.
 *
 * Of each shard no more is read than about its part. What lies behind the end of a part might not be the oldest, so it
 * is left for the next look.
 */
async function findOldest(
  link: RedisLink,
  keys: RedisKeys,
  { now, limit }: { now: number; limit: number },
): Promise<readonly DueMember[]> {
  const shards = keys.allDue();
  const part = Math.ceil((2 * limit) / shards.length);
  const peeks = shards.map(async (shard) => {
    const range = command('ZRANGEBYSCORE', shard, '-inf', now, 'WITHSCORES', 'LIMIT', 0, part);
    return parseScored(shard, parseList(await link.read(range)));
  });
  const parts = await Promise.all(peeks);
  const known = Math.min(...parts.map((found) => (found.length < part ? now : (found.at(-1)?.dueAt ?? now))));
  const oldest = parts.flat().filter(({ dueAt }) => dueAt <= known);
  return oldest.sort((a, b) => a.dueAt - b.dueAt).slice(0, limit);
}

function parseScored(shard: string, flat: readonly unknown[]): readonly DueMember[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => {
    const member = parseBuffer(flat[2 * index]);
    if (!member) throw unexpected();
    return { shard, member, dueAt: Number(parseText(flat[2 * index + 1])) };
  });
}

function parseMember(reply: unknown): string {
  const member = parseBuffer(reply);
  if (!member) throw unexpected();
  return member.toString('latin1');
}
