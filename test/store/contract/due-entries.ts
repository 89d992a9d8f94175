/** Facts about the due index as the store shows it. */

import { describe, expect, it } from 'vitest';
import { providerIdSchema } from '../../../src/core/identifiers.js';
import { createStore } from '../../../src/store/sealed-store.js';
import { aConnection, anOwner, keyring, refTo } from '../samples.js';
import type { Opened } from './store.js';

const noClaim = { member: '', claimedUntil: 0 };

/** Due entries, with the connections that they stand for. */
export function dueEntriesContract(opened: Opened): void {
  describe('due entries', () => {
    it('come with their records, once until their claim ends, and without when it is gone', async () => {
      const owner = anOwner();
      const connection = aConnection(owner);
      await opened.store.connections.write(owner, [
        { kind: 'put_connection', connection, expect: 'absent', generation: 5 },
      ]);
      const { due } = opened.store;
      await due.schedule(refTo(connection), 10);
      await due.schedule(refTo(aConnection(owner, { provider: providerIdSchema.parse('slack') })), 11);
      expect(await due.backlog(11)).toBe(2);

      const claimed = await due.claim(12, 10, 1_000);
      expect(claimed.map(({ stored }) => stored?.generation)).toEqual([5, undefined]);
      expect(await due.claim(12, 10, 1_000)).toEqual([]);

      const [first = noClaim, second = noClaim] = claimed;
      await due.settle(second, 'remove');
      await due.settle(first, 20);
      // Whoever settles a claim that is over changes nothing.
      for (const next of ['remove', 90] as const) for (const each of claimed) await due.settle(each, next);
      expect((await due.claim(20, 10, 1_000)).map(({ stored }) => stored?.generation)).toEqual([5]);
      await due.unschedule(refTo(connection));
      expect(await due.backlog(Number.MAX_SAFE_INTEGER)).toBe(0);
    });

    it('whose record cannot be opened hold up no other (F14)', async () => {
      const [theirs, ours] = [aConnection(anOwner()), aConnection(anOwner())];
      const elsewhere = createStore(opened.engine, keyring('k9'));
      const put = { kind: 'put_connection', expect: 'absent', generation: 1 } as const;
      await elsewhere.connections.write(refTo(theirs).owner, [{ ...put, connection: theirs }]);
      await opened.store.connections.write(refTo(ours).owner, [{ ...put, connection: ours }]);
      for (const connection of [theirs, ours]) {
        await opened.store.due.schedule(refTo(connection), 10);
      }
      const claimed = await opened.store.due.claim(10, 10, 1_000);
      expect(claimed.map(({ stored }) => stored?.connection.connectionId)).toEqual([ours.connectionId]);
      for (const connection of [theirs, ours]) {
        await opened.store.due.unschedule(refTo(connection));
      }
    });
  });
}
