/** The refresh state machine: every verdict, its boundaries, and who has to act. */

import { describe, expect, it } from 'vitest';
import type { ConnectionState } from '../../src/core/connection.js';
import { assess, type Verdict, type Wish } from '../../src/core/refresh-state.js';
import { bufferMs, type Condition, connectionIn, hour, start } from './connection-in.js';

const rotating = { refreshReuse: 'strict' } as const;

const refused: ConnectionState = {
  kind: 'needs_reauthorization',
  since: start,
  keepUntil: start + 24 * hour,
  error: 'invalid_grant',
};

/** The verdict so many ms after `start`. */
function verdictAfter(ms: number, condition: Condition = {}, wish: Partial<Wish> = {}): Verdict {
  return assess(connectionIn(condition), rotating, { now: start + ms, bufferMs, ...wish });
}

const fresh = { kind: 'fresh' };
const due = (live: boolean) => ({ kind: 'refresh', live, attempt: 1 });
const ended = (live: boolean, reason: 'expired' | 'reauthorization_required') => ({ kind: 'ended', live, reason });

describe('a connection with nothing special about it', () => {
  it.each([
    [bufferMs + 1, fresh],
    [bufferMs, due(true)],
    [bufferMs - 1, due(true)],
    [1, due(true)],
    [0, due(false)],
    [-1, due(false)],
  ])('with %i ms left to a buffer of 300 s (S0-07)', (left, verdict) => {
    expect(verdictAfter(hour - left)).toEqual(verdict);
  });

  it.each([
    [4_999, fresh],
    [5_000, due(true)],
    [9_999, due(true)],
    [10_000, due(false)],
  ])('that lives ten seconds, %i ms after it was issued: the buffer is half of that (S0-08)', (ms, verdict) => {
    expect(verdictAfter(ms, { lifetimeMs: 10_000 })).toEqual(verdict);
  });

  it.each([0, hour, 1_000 * hour])('without an end is fresh for good (%i ms)', (ms) => {
    expect(verdictAfter(ms, { lifetimeMs: null })).toEqual(fresh);
    expect(verdictAfter(ms, { lifetimeMs: null, refreshToken: null })).toEqual(fresh);
    expect(verdictAfter(ms, { lifetimeMs: null }, { minTtlMs: 1_000 * hour })).toEqual(fresh);
  });
});

describe('a wish for a time to live', () => {
  it.each([
    [600_000, fresh],
    [599_999, due(true)],
  ])('of ten minutes, with %i ms left, goes beyond the buffer', (left, verdict) => {
    expect(verdictAfter(hour - left, {}, { minTtlMs: 600_000 })).toEqual(verdict);
  });

  it('shorter than the buffer leaves the buffer in force', () => {
    expect(verdictAfter(hour - bufferMs, {}, { minTtlMs: 1_000 })).toEqual(due(true));
    expect(verdictAfter(hour - bufferMs - 1, {}, { minTtlMs: 1_000 })).toEqual(fresh);
  });

  it.each([hour, 2 * hour, Number.MAX_SAFE_INTEGER])(
    'of %i ms, more than a token lives, is met by one that is at most a minute old: calls do not refresh each',
    (minTtlMs) => {
      expect(verdictAfter(0, {}, { minTtlMs })).toEqual(fresh);
      expect(verdictAfter(60_000, {}, { minTtlMs })).toEqual(fresh);
      expect(verdictAfter(60_001, {}, { minTtlMs })).toEqual(due(true));
    },
  );

  it('of more than a short-lived token lives is met during the first half of its life', () => {
    const short = { lifetimeMs: 60_000 };
    const wish = { minTtlMs: hour, bufferMs: 0 };
    expect([30_000, 30_001].map((ms) => verdictAfter(ms, short, wish).kind)).toEqual(['fresh', 'refresh']);
  });
});

describe('a token that its caller was refused with', () => {
  it('is refreshed and not served meanwhile, however fresh it looks', () => {
    expect(verdictAfter(0, {}, { rejected: true })).toEqual(due(false));
    expect(verdictAfter(0, { lifetimeMs: null }, { rejected: true })).toEqual(due(false));
  });

  it('was revoked if there is no refresh token and its time is not over', () => {
    const wish = { rejected: true };
    expect(verdictAfter(0, { refreshToken: null }, wish)).toEqual(ended(false, 'reauthorization_required'));
    expect(verdictAfter(hour, { refreshToken: null }, wish)).toEqual(ended(false, 'expired'));
  });
});

describe('a connection that cannot be refreshed', () => {
  it('is served to its end for want of a refresh token, and then has expired (S2-19)', () => {
    expect([0, hour - 1, hour].map((ms) => verdictAfter(ms, { refreshToken: null }))).toEqual([
      fresh,
      fresh,
      ended(false, 'expired'),
    ]);
  });

  it('is the same when the refresh token is past its end', () => {
    const lapsed = { refreshEndsAfterMs: hour };
    expect(verdictAfter(hour - 1, lapsed)).toEqual(due(true));
    expect(verdictAfter(hour, lapsed)).toEqual(ended(false, 'expired'));
    expect(verdictAfter(hour - 1, { refreshEndsAfterMs: hour - 1 })).toEqual(fresh);
  });

  it('needs its user, and its live token is served meanwhile (threats R13)', () => {
    expect(verdictAfter(0, { state: refused })).toEqual(fresh);
    expect(verdictAfter(hour - bufferMs, { state: refused })).toEqual(ended(true, 'reauthorization_required'));
    expect(verdictAfter(hour, { state: refused })).toEqual(ended(false, 'reauthorization_required'));
    expect(verdictAfter(0, { state: refused }, { rejected: true })).toEqual(ended(false, 'reauthorization_required'));
  });

  it('is sent once more when the refusal is doubted, as long as its refresh token is kept', () => {
    const again = { renew: true, despiteRefusal: true };
    expect(verdictAfter(0, { state: refused }, again)).toEqual(due(true));
    expect(verdictAfter(24 * hour - 1, { state: refused }, again)).toEqual(due(false));
    expect(verdictAfter(24 * hour, { state: refused }, again)).toEqual(ended(false, 'reauthorization_required'));
    const forgotten = { state: refused, refreshToken: null };
    expect(verdictAfter(hour, forgotten, again)).toEqual(ended(false, 'reauthorization_required'));
  });
});
