/** What a process puts back into a Redis that a failover has set back, and what it leaves as it is (R9). */

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { OwnerKey } from '../../src/core/identifiers.js';
import type { FieldChange } from '../../src/store/engine.js';
import { dueMemberOf } from '../../src/store/field-names.js';
import { openRedisEngine } from '../../src/store/redis/index.js';
import { nameKeys } from '../../src/store/redis/keys.js';
import type { RedisLink } from '../../src/store/redis/link.js';
import { restoreAll } from '../../src/store/redis/owner-fields.js';
import { RecentCommits } from '../../src/store/redis/recent-commits.js';
import { sharedRedis } from '../support/redis.js';
import { at, freshOwner } from './contract/fields.js';

const shared = await sharedRedis();
const client = new Redis(shared.url);
const keyPrefix = `r-${randomUUID()}`;
const keys = nameKeys(keyPrefix);
const engine = await openRedisEngine({ url: shared.url, keyPrefix });
const link: RedisLink = { read: (ask) => ask(client), write: (ask) => ask(client), close: async () => undefined };
const field = 'c/github';

afterAll(async () => {
  await engine.close();
  client.disconnect();
  await shared.stop();
});

let owner: OwnerKey;
beforeEach(() => {
  owner = freshOwner();
});

const put = (version: number, to = field): FieldChange => ({
  field: to,
  expect: 'any',
  next: at(version, `v${version}`),
});
const removal = (version: number): FieldChange => ({ field, expect: version });
const write = (...changes: FieldChange[]) => engine.writeFields(owner, changes);
const stored = async (of = field) => (await engine.readField(owner, of))?.version;

/** What another process, with this journal, puts back; answers how much that was. */
async function restore(...changes: FieldChange[]): Promise<number> {
  const journal = new RecentCommits();
  journal.note(owner, changes);
  let count = 0;
  await restoreAll(journal, {
    link,
    keys,
    note: () => {
      count += 1;
    },
  });
  return count;
}

describe('a commit', () => {
  it('comes back over an older one, and over nothing newer, whichever bytes of the versions differ', async () => {
    await write(put(255));
    expect([await restore(put(256)), await stored()]).toEqual([1, 256]);
    expect([await restore(put(256)), await restore(put(255)), await stored()]).toEqual([0, 0, 256]);
  });

  it('comes back where there is none if it is a connection, and is due at once; a grant does not', async () => {
    expect([await restore(put(3), put(3, 'g/cn_1')), await stored(), await stored('g/cn_1')]).toEqual([
      1,
      3,
      undefined,
    ]);
    expect(await engine.dueTime(dueMemberOf(owner, field))).toBe(0);
  });

  it('stays away where it was removed at its version or a later one', async () => {
    await write(put(4));
    await write(removal(4));
    expect([await restore(put(3)), await restore(put(4)), await stored()]).toEqual([0, 0, undefined]);
    // A journal goes back five minutes.
    expect(await client.pttl(keys.ofOwnerWrites(owner).at(-1) ?? '')).toBeGreaterThan(300_000);
    expect([await restore(put(5)), await stored()]).toEqual([1, 5]);
  });

  it('ends the note of the version before, unless it was written to keep it', async () => {
    const claim = { field, holder: 'one', leaseMs: 60_000, note: Buffer.from('sent') };
    for (const keepsNote of [true, false]) {
      owner = freshOwner();
      await write(put(1));
      await engine.claimField(owner, { ...claim, version: 1 });
      expect(await restore({ ...put(2), keepsNote })).toBe(1);
      expect(await engine.readNote(owner, field)).toEqual(keepsNote ? claim.note : undefined);
    }
  });
});

describe('a removal', () => {
  it('is made again where there is what was removed or older, and not where somebody has connected anew', async () => {
    await write(put(6));
    expect([await restore(removal(6)), await stored()]).toEqual([1, undefined]);
    await write(put(8));
    expect([await restore(removal(6)), await stored()]).toEqual([0, 8]);
  });

  it('is known from then on to all who would put the connection back, also where it was gone already', async () => {
    expect(await restore(removal(6))).toBe(0);
    expect([await restore(put(6)), await stored()]).toEqual([0, undefined]);
  });
});
