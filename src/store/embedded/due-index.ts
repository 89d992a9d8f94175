/** Members with a time each, kept twice: by member, and in the order of their times. */

import type { DueIndex } from '../engine.js';
import type { EmbeddedDatabase } from './database.js';
import { numberBytes, numberOf, restOf, withNumber } from './numbers.js';

const nothing = Buffer.from([0]);
const wholeMs = (time: number) => Math.max(0, Math.ceil(time));

/** Binds the methods to a data file. */
export function dueIndex(database: EmbeddedDatabase): DueIndex {
  /** member -> time. */
  const times = database.table('due');
  /** time, member -> nothing. */
  const order = database.table('due-order');
  const dueAtOrBefore = (now: number) => ({ end: numberBytes(Math.floor(now) + 1) });

  function remove(member: Buffer): void {
    const time = times.getBinary(member);
    if (!time) return;
    order.remove(withNumber(numberOf(time), member));
    times.remove(member);
  }

  function put(member: Buffer, dueAt: number): void {
    remove(member);
    const time = wholeMs(dueAt);
    times.put(member, numberBytes(time));
    order.put(withNumber(time, member), nothing);
  }

  return {
    schedule: (member, dueAt) => database.write(() => put(Buffer.from(member, 'latin1'), dueAt)),
    unschedule: (member) => database.write(() => remove(Buffer.from(member, 'latin1'))),
    dueTime: (member) =>
      database.read(() => {
        const time = times.getBinary(Buffer.from(member, 'latin1'));
        return time && numberOf(time);
      }),
    claimDue: (now, limit, leaseMs) =>
      database.write(() => {
        const due = [...order.getKeys({ ...dueAtOrBefore(now), limit })].map((entry) => Buffer.from(restOf(entry)));
        for (const member of due) put(member, now + leaseMs);
        return due.map((member) => member.toString('latin1'));
      }),
    settleDue: (member, { dueAt, next }) =>
      database.write(() => {
        const bytes = Buffer.from(member, 'latin1');
        const time = times.getBinary(bytes);
        if (!time || numberOf(time) !== wholeMs(dueAt)) return;
        if (next === undefined) remove(bytes);
        else put(bytes, next);
      }),
    countDue: (now) => database.read(() => order.getKeysCount(dueAtOrBefore(now))),
  };
}
