/** The due index: sorted sets by time, in shards, so that the nodes of a Cluster share it. */

import type { DueIndex } from '../engine.js';
import type { Gather } from '../gathering.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList, parseNumber, parseText, unexpected } from './replies.js';
import { loadScript } from './scripts.js';

const peekScript = loadScript('peek-due');
const claimScript = loadScript('claim-due');
const scheduleScript = loadScript('schedule-due');
const settleScript = loadScript('settle-due');

interface DueMember {
  readonly shard: string;
  readonly member: Buffer;
  readonly dueAt: number;
}

/** A look at the oldest due members of a shard. */
interface Peek {
  readonly shard: string;
  readonly now: number;
  readonly limit: number;
}

/** Members of a shard to be moved to `until` if they are still due. */
interface Claim {
  readonly shard: string;
  readonly now: number;
  readonly until: number;
  readonly members: readonly Buffer[];
}

/** A member to be moved or removed if it is still due at that time. */
interface Settling extends Omit<DueMember, 'shard'> {
  readonly next: number | undefined;
}

/** Binds the part to a link and a prefix. `gather`: see `gathering.ts`. */
export function createDueIndex(link: RedisLink, keys: RedisKeys, gather: Gather): DueIndex {
  const schedule = gather(async (entries: readonly Omit<DueMember, 'shard'>[]) => {
    const shards = entries.map(({ member }) => keys.due(member));
    const args = entries.flatMap(({ dueAt, member }) => [dueAt, member]);
    return parseList(await link.write(scheduleScript(shards, ...args)));
  });
  const settle = gather(async (settlings: readonly Settling[]) => {
    const shards = settlings.map(({ member }) => keys.due(member));
    const args = settlings.flatMap(({ member, dueAt, next }) => [dueAt, member, next ?? '']);
    return parseList(await link.write(settleScript(shards, ...args)));
  });
  const peek = gather(async (peeks: readonly Peek[]) => {
    const shards = peeks.map(({ shard }) => shard);
    const args = peeks.flatMap(({ now, limit }) => [now, limit]);
    const replies = parseList(await link.read(peekScript(shards, ...args)));
    return replies.map((reply, index) => parseScored(shards[index] ?? '', parseList(reply)));
  });
  const claim = gather(async (claims: readonly Claim[]) => {
    const shards = claims.map(({ shard }) => shard);
    const args = claims.flatMap(({ now, until, members }) => [now, until, members.length, ...members]);
    const replies = parseList(await link.write(claimScript(shards, ...args)));
    return replies.map((reply) => parseList(reply).map(parseMember));
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
      // Others may claim what we have just found: look again while there is anything.
      while (claimed.length < limit) {
        const oldest = await findOldest(peek, keys.allDue(), { now, limit: limit - claimed.length });
        if (oldest.length === 0) break;
        claimed.push(...(await claimMembers(claim, oldest, { now, until: now + leaseMs })));
      }
      return claimed;
    },
    settleDue: async (member, change) => {
      await settle({ member: Buffer.from(member, 'latin1'), ...change });
    },
    countDue: async (now) => {
      const counts = keys.allDue().map(async (shard) => link.read(command('ZCOUNT', shard, '-inf', now)));
      return (await Promise.all(counts)).reduce<number>((sum, count) => sum + parseNumber(count), 0);
    },
  };
}

/** Moves those that are still due to `until`, all shards at once; answers them in their order. */
async function claimMembers(
  claim: (one: Claim) => Promise<readonly string[]>,
  oldest: readonly DueMember[],
  { now, until }: { now: number; until: number },
): Promise<readonly string[]> {
  const shards = [...new Set(oldest.map(({ shard }) => shard))];
  const claims = shards.map(async (shard) => {
    const members = oldest.filter((each) => each.shard === shard).map(({ member }) => member);
    return claim({ shard, now, until, members });
  });
  const claimed = new Set((await Promise.all(claims)).flat());
  return oldest.map(({ member }) => member.toString('latin1')).filter((member) => claimed.has(member));
}

/**
 * The oldest due members of all shards, in order, up to the limit. Other processes may claim them before we do.
 *
 * Of each shard only about its share is read. A member later than the last one read of some shard might not be among the
 * oldest, so it is left for the next look.
 */
async function findOldest(
  peek: (one: Peek) => Promise<readonly DueMember[]>,
  shards: readonly string[],
  { now, limit }: { now: number; limit: number },
): Promise<readonly DueMember[]> {
  const part = Math.ceil((2 * limit) / shards.length);
  const parts = await Promise.all(shards.map((shard) => peek({ shard, now, limit: part })));
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
