/** What is safe with a refresh token whose answer was lost, by how the provider takes reuse (threats R5). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionState } from '../../src/core/connection.js';
import type { RefreshReuse } from '../../src/core/provider.js';
import { assess, type LostSending, type Verdict } from '../../src/core/refresh-state.js';
import { bufferMs, connectionIn, hour, start } from './connection-in.js';

const rotating = { refreshReuse: 'strict' } as const;

/**
 * R5, row by row: reuse, access token, attempts so far, before or after the deadline of the lost sending, inside or
 * outside half of the grace window. `*` stands for both.
 */
const afterLostAnswer = `
  none   *    1 *      *       refresh
  none   *    2 *      *       refresh
  grace  *    1 *      inside  refresh
  grace  *    1 before outside wait-deadline
  grace  live 1 after  outside wait-expiry
  grace  dead 1 after  outside refresh
  grace  *    2 before *       wait-deadline
  grace  live 2 after  *       wait-expiry
  grace  dead 2 after  *       refresh
  strict *    * before *       wait-deadline
  strict live * after  *       wait-expiry
  strict dead 1 after  *       refresh
  strict dead 2 after  *       refresh
`;

interface Case {
  readonly reuse: RefreshReuse;
  readonly live: boolean;
  readonly attempts: number;
  readonly before: boolean;
  readonly inside: boolean;
  readonly outcome: string;
}

const either = (word: string | undefined, ...both: readonly string[]) => (word === '*' ? both : [word ?? '']);

function casesOf(row: string): Case[] {
  const [reuse, token, attempts, deadline, window, outcome = ''] = row.trim().split(/\s+/);
  if (reuse !== 'none' && reuse !== 'grace' && reuse !== 'strict') throw new TypeError(`no such row: ${row}`);
  return either(token, 'live', 'dead').flatMap((life) =>
    either(attempts, '1', '2').flatMap((count) =>
      either(deadline, 'before', 'after').flatMap((side) =>
        either(window, 'inside', 'outside').map((place) => ({
          reuse,
          live: life === 'live',
          attempts: Number(count),
          before: side === 'before',
          inside: place === 'inside',
          outcome,
        })),
      ),
    ),
  );
}

const cases = afterLostAnswer.trim().split('\n').flatMap(casesOf);

/** The world of a case: a sending 100 s ago, a grace window of twice that (just over or just at its half). */
function worldOf(of: Case) {
  const now = start + (of.live ? hour - 1 : hour);
  const since = now - 100_000;
  const provider = { refreshReuse: of.reuse, reuseGraceMs: of.inside ? 200_001 : 200_000 };
  const deadline = of.before ? now + 1 : now;
  return { now, since, provider, deadline };
}

function expectedOf(of: Case): Verdict {
  const { deadline } = worldOf(of);
  const { live } = of;
  if (of.outcome === 'refresh') return { kind: 'refresh', live, attempt: of.attempts + 1 };
  if (of.outcome === 'wait-deadline') return { kind: 'wait', live, until: deadline };
  if (of.outcome === 'wait-expiry') return { kind: 'wait', live, until: start + hour };
  throw new TypeError(`no such outcome: ${of.outcome}`);
}

describe('after a sending whose answer was lost (threats R5)', () => {
  it('the table has every case once', () => {
    const names = cases.map(({ outcome, ...rest }) => JSON.stringify(rest));
    expect(new Set(names).size).toBe(48);
    expect(names).toHaveLength(48);
  });

  it.each(cases)(
    '$reuse, live $live, sent $attempts times, before deadline $before, inside $inside: $outcome',
    (of) => {
      const { now, since, provider, deadline } = worldOf(of);
      const lost = { since, attempts: of.attempts, deadline };
      expect(assess(connectionIn({}), provider, { now, bufferMs }, lost)).toEqual(expectedOf(of));
    },
  );

  it.each(cases.filter(({ before }) => !before))(
    'the record knows it as well: $reuse, live $live, sent $attempts times, inside $inside: $outcome',
    (of) => {
      const { now, since, provider } = worldOf(of);
      const connection = connectionIn({ state: { kind: 'uncertain', since, attempts: of.attempts } });
      expect(assess(connection, provider, { now, bufferMs })).toEqual(expectedOf(of));
    },
  );

  it('an intent that a process left counts before what the record says', () => {
    const connection = connectionIn({ state: { kind: 'uncertain', since: start, attempts: 1 } });
    const lost = { since: start + hour, attempts: 2, deadline: start + hour };
    const verdict = assess(connection, rotating, { now: start + hour, bufferMs }, lost);
    expect(verdict).toEqual({ kind: 'wait', live: false, until: start + hour + 30_000 });
  });

  it('no number of lost answers ends a connection: the distance grows from 30 s to 15 min', () => {
    const distanceAfter = (attempts: number) => {
      const connection = connectionIn({ state: { kind: 'uncertain', since: start + hour, attempts } });
      const verdict = assess(connection, rotating, { now: start + hour, bufferMs });
      return verdict.kind === 'wait' ? verdict.until - start - hour : verdict.kind;
    };
    expect([1, 2, 3, 4, 7, 50].map(distanceAfter)).toEqual(['refresh', 30_000, 60_000, 120_000, 900_000, 900_000]);
  });

  it('a fresh token is handed out all the same', () => {
    const connection = connectionIn({ state: { kind: 'uncertain', since: start, attempts: 2 } });
    expect(assess(connection, rotating, { now: start, bufferMs })).toEqual({ kind: 'fresh' });
  });

  it('a grace whose window nobody knows is none', () => {
    const now = start + hour - 1;
    const connection = connectionIn({ state: { kind: 'uncertain', since: now, attempts: 1 } });
    const verdict = assess(connection, { refreshReuse: 'grace' }, { now, bufferMs });
    expect(verdict).toEqual({ kind: 'wait', live: true, until: start + hour });
  });
});

describe('a strict refresh token whose answers are all lost', () => {
  const look = fc.record({
    waitMs: fc.integer({ min: 0, max: hour / 2 }),
    minTtlMs: fc.constantFrom(0, 600_000, 2 * hour),
    /** Whether the sender lived to note the loss in the record, or left only its intent. */
    noted: fc.boolean(),
    deadlineMs: fc.integer({ min: 0, max: 20_000 }),
  });

  it('is never sent again while the access token lives, and then at growing distances (threats R5)', () => {
    let resent = 0;
    fc.assert(
      fc.property(fc.array(look, { minLength: 2, maxLength: 12 }), (looks) => {
        const sentAt: number[] = [];
        let now = start;
        let state: ConnectionState = { kind: 'active' };
        let lost: LostSending | undefined;
        for (const { waitMs, minTtlMs, noted, deadlineMs } of looks) {
          now += waitMs;
          const verdict = assess(connectionIn({ state }), rotating, { now, bufferMs, minTtlMs }, lost);
          if (verdict.kind !== 'refresh') continue;
          sentAt.push(now);
          expect(verdict.attempt).toBe(sentAt.length);
          if (noted) state = { kind: 'uncertain', since: now, attempts: verdict.attempt };
          lost = noted ? undefined : { since: now, attempts: verdict.attempt, deadline: now + deadlineMs };
        }
        const [, ...again] = sentAt;
        expect(again.filter((at) => at < start + hour)).toEqual([]);
        again.slice(1).forEach((at, index) => {
          expect(at - (again[index] ?? 0)).toBeGreaterThanOrEqual(Math.min(900_000, 30_000 * 2 ** index));
        });
        resent += again.length;
      }),
      { numRuns: 500 },
    );
    expect(resent).toBeGreaterThan(50);
  });
});
