/** When a token set is fresh, and what a refresh changes about it. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.js';
import {
  effectiveBufferMs,
  isFresh,
  isLive,
  isRefreshable,
  mergeAfterRefresh,
  type TokenSet,
} from '../../src/core/token-set.js';

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const bufferMs = 300_000;

function tokenSet(fields: Partial<TokenSet> = {}): TokenSet {
  return {
    accessToken: new Secret('at-1'),
    tokenType: 'Bearer',
    refreshToken: new Secret('rt-1'),
    obtainedAt: start,
    expiresAt: start + hour,
    scope: ['read'],
    ...fields,
  };
}

describe('effectiveBufferMs', () => {
  it.each([
    ['the configured buffer, where the lifetime allows', hour, bufferMs, bufferMs],
    ['just half of a lifetime that is twice the buffer', 600_000, bufferMs, bufferMs],
    ['half of a shorter lifetime (S0-08)', 10_000, bufferMs, 5_000],
    ['half of a lifetime of one millisecond', 1, bufferMs, 0.5],
    ['nothing for no lifetime', 0, bufferMs, 0],
    ['nothing for an end before the beginning', -hour, bufferMs, 0],
    ['nothing when nothing is configured', hour, 0, 0],
  ])('is %s', (_, lifetimeMs, configured, expected) => {
    expect(effectiveBufferMs(tokenSet({ expiresAt: start + lifetimeMs }), configured)).toBe(expected);
  });

  it('is nothing for a token that does not expire', () => {
    expect(effectiveBufferMs(tokenSet({ expiresAt: undefined }), bufferMs)).toBe(0);
  });

  it('is never negative, never more than configured and never more than half of the lifetime (S0-08)', () => {
    const lifetime = fc.integer({ min: -hour, max: 100 * hour });
    fc.assert(
      fc.property(lifetime, fc.integer({ min: 0, max: hour }), (lifetimeMs, configured) => {
        const effective = effectiveBufferMs(tokenSet({ expiresAt: start + lifetimeMs }), configured);
        expect(effective).toBeGreaterThanOrEqual(0);
        expect(effective).toBeLessThanOrEqual(configured);
        expect(effective).toBeLessThanOrEqual(Math.max(0, lifetimeMs / 2));
      }),
    );
  });
});

describe('isFresh and isLive', () => {
  it.each([
    [bufferMs + 1, true, true],
    [bufferMs, false, true],
    [bufferMs - 1, false, true],
    [1, false, true],
    [0, false, false],
    [-1, false, false],
  ])('with %i ms left: fresh %s, live %s (S0-07)', (left, fresh, live) => {
    const now = start + hour - left;
    expect([isFresh(tokenSet(), now, bufferMs), isLive(tokenSet(), now)]).toEqual([fresh, live]);
  });

  it('hold for good where there is no end', () => {
    const endless = tokenSet({ expiresAt: undefined });
    expect([isFresh(endless, Number.MAX_SAFE_INTEGER, bufferMs), isLive(endless, Number.MAX_SAFE_INTEGER)]).toEqual([
      true,
      true,
    ]);
  });

  it('use a token of ten seconds for five (S0-08)', () => {
    const short = tokenSet({ expiresAt: start + 10_000 });
    expect([0, 4_999, 5_000].map((after) => isFresh(short, start + after, bufferMs))).toEqual([true, true, false]);
  });
});

describe('isRefreshable', () => {
  it.each([
    ['with a refresh token whose end nobody has named', {}, true],
    ['until the millisecond before its refresh token ends', { refreshExpiresAt: start + 1 }, true],
    ['not from the moment its refresh token ends', { refreshExpiresAt: start }, false],
    ['not without a refresh token', { refreshToken: undefined }, false],
    [
      'not by an end that was named for no refresh token',
      { refreshToken: undefined, refreshExpiresAt: start + 1 },
      false,
    ],
  ])('is so %s', (_title, fields, expected) => {
    expect(isRefreshable(tokenSet(fields), start)).toBe(expected);
  });
});

describe('mergeAfterRefresh', () => {
  const previous = tokenSet({ refreshExpiresAt: start + 100 * hour, scope: ['read', 'write'] });
  const answer = (fields: Partial<TokenSet>) =>
    tokenSet({ accessToken: new Secret('at-2'), refreshToken: undefined, obtainedAt: start + hour, ...fields });
  const reveal = (merged: TokenSet) => [merged.accessToken.reveal(), merged.refreshToken?.reveal()];

  it('keeps the old refresh token and its end when the response omits one (RFC 6749 6)', () => {
    const merged = mergeAfterRefresh(previous, answer({}));
    expect(reveal(merged)).toEqual(['at-2', 'rt-1']);
    expect(merged.refreshExpiresAt).toBe(start + 100 * hour);
  });

  it('replaces the refresh token when the response has one, and forgets the end of the old one (RFC 6749 6)', () => {
    const merged = mergeAfterRefresh(previous, answer({ refreshToken: new Secret('rt-2') }));
    expect(reveal(merged)).toEqual(['at-2', 'rt-2']);
    expect(merged.refreshExpiresAt).toBeUndefined();
  });

  it('takes the end that the response names', () => {
    const refreshExpiresAt = start + 7 * hour;
    const rotated = answer({ refreshToken: new Secret('rt-2'), refreshExpiresAt });
    expect(mergeAfterRefresh(previous, rotated).refreshExpiresAt).toBe(refreshExpiresAt);
    expect(mergeAfterRefresh(previous, answer({ refreshExpiresAt })).refreshExpiresAt).toBe(refreshExpiresAt);
  });

  it('has no refresh token when neither had one', () => {
    const without = tokenSet({ refreshToken: undefined });
    expect(mergeAfterRefresh(without, answer({})).refreshToken).toBeUndefined();
  });

  it('never narrows the recorded scope, and adds what is new', () => {
    expect(mergeAfterRefresh(previous, answer({ scope: [] })).scope).toEqual(['read', 'write']);
    expect(mergeAfterRefresh(previous, answer({ scope: ['read'] })).scope).toEqual(['read', 'write']);
    expect(mergeAfterRefresh(previous, answer({ scope: ['admin', 'read'] })).scope).toEqual(['admin', 'read', 'write']);
  });

  it('takes everything else from the response, the missing end of the access token too', () => {
    const merged = mergeAfterRefresh(previous, answer({ expiresAt: undefined, tokenType: 'DPoP' }));
    expect(merged).toMatchObject({ tokenType: 'DPoP', obtainedAt: start + hour });
    expect(merged.expiresAt).toBeUndefined();
  });
});
