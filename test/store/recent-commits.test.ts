/** The journal of a process: the latest commits are there when a failover has lost them, and no more than are needed. */

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import { RecentCommits } from '../../src/store/redis/recent-commits.js';
import { anOwner } from './samples.js';

const owner = ownerKeyOf(anOwner());
const change = (field: string, version: number) => ({
  field,
  expect: version - 1,
  next: { version, bytes: Buffer.from(`${version}`) },
});

describe('the journal of commits', () => {
  it('holds the latest commit of each field, in the order in which they were made', () => {
    const journal = new RecentCommits();
    journal.note(owner, [change('c/a', 1)]);
    journal.note(owner, [change('c/b', 2)]);
    journal.note(owner, [change('c/a', 3)]);
    expect(journal.list().map(({ change: { next } }) => next?.version)).toEqual([2, 3]);
  });

  it('holds ten thousand commits, and not all that there ever were', () => {
    const journal = new RecentCommits();
    for (let index = 0; index < 45_000; index += 1) journal.note(owner, [change(`c/${index}`, index)]);
    const held = journal.list().map(({ change: { next } }) => next?.version ?? 0);
    expect(held.slice(-10_000)).toEqual(Array.from({ length: 10_000 }, (_, index) => 35_000 + index));
    expect(held.length).toBeLessThan(20_001);
  });

  it('puts no commit back after five minutes: nobody might know any more that it was removed since', () => {
    const steady = vi.spyOn(performance, 'now').mockReturnValue(0);
    onTestFinished(() => steady.mockRestore());
    const journal = new RecentCommits();
    journal.note(owner, [change('c/a', 1)]);
    steady.mockReturnValue(1);
    journal.note(owner, [change('c/b', 2)]);
    const versions = () => journal.list().map(({ change: { next } }) => next?.version);
    steady.mockReturnValue(300_000);
    expect(versions()).toEqual([1, 2]);
    steady.mockReturnValue(300_001);
    expect(versions()).toEqual([2]);
  });

  it('holds the bytes as they were, in little more memory than they take', () => {
    const journal = new RecentCommits();
    const written = Array.from({ length: 1_000 }, (_, index) => Buffer.alloc(8_192, index).subarray(0, 300));
    written.push(Buffer.alloc(9_000, 7));
    for (const [index, bytes] of written.entries()) {
      journal.note(owner, [{ ...change(`c/${index}`, index), next: { version: index, bytes } }]);
    }
    const expected = written.map((bytes) => Buffer.from(bytes));
    for (const bytes of written) bytes.fill(0);
    const held = journal.list().flatMap(({ change: { next } }) => next?.bytes ?? []);
    expect(held).toEqual(expected);
    const memory = [...new Set(held.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(memory).toBeLessThan(1.1 * expected.reduce((sum, { length }) => sum + length, 0));
  });

  it('holds a claim until its holder gives it back', () => {
    const journal = new RecentCommits();
    const claim = { field: 'c/a', holder: 'one', version: 1, leaseMs: 10, note: Buffer.from('n') };
    journal.claimed(owner, claim);
    journal.released(owner, { field: 'c/a', holder: 'another' });
    expect(journal.listClaims()).toEqual([{ owner, claim }]);
    journal.released(owner, claim);
    expect(journal.isEmpty).toBe(true);
  });
});
