/** What a failed refresh makes of a connection, where nobody knows whether the token was spent. */

import { describe, expect, it } from 'vitest';
import { GrantRefused, ProviderError, ProviderUnavailable } from '../../src/core/errors.js';
import { stateAfterFailure } from '../../src/core/refresh-state.js';

const sending = { startedAt: 1_000, attempt: 2, now: 5_000 };
const strict = { refreshReuse: 'strict' as const };

describe('a refresh that failed', () => {
  it('keeps the refused refresh token for a day, counted from the refusal (R13)', () => {
    const refusal = new GrantRefused({ provider: 'github', status: 400, oauthError: 'invalid_grant' });
    expect(stateAfterFailure(refusal, strict, sending)).toEqual({
      kind: 'needs_reauthorization',
      since: 5_000,
      keepUntil: 5_000 + 86_400_000,
      error: 'invalid_grant',
    });
  });

  it.each([
    ['an answer without a status', undefined, true],
    ['a redirect', 302, true],
    ['an answer of 200 that nobody understands', 200, true],
    ['a 400', 400, false],
    ['a 500', 500, false],
  ])('may have spent the token: %s', (_title, status, spent) => {
    const failure = new ProviderError('odd', { provider: 'github', ...(status !== undefined && { status }) });
    const uncertain = { kind: 'uncertain', since: 1_000, attempts: 2 };
    expect(stateAfterFailure(failure, strict, sending)).toEqual(spent ? uncertain : undefined);
    expect(stateAfterFailure(failure, { refreshReuse: 'none' }, sending)).toBeUndefined();
  });

  it.each([302, 404, undefined])(
    'is the operator’s, and touches no connection: misconfigured, status %s (R14)',
    (status) => {
      const about = { provider: 'github', misconfigured: true, ...(status !== undefined && { status }) };
      expect(stateAfterFailure(new ProviderError('ours', about), strict, sending)).toBeUndefined();
    },
  );

  it.each([
    ['no', undefined],
    ['unknown', { kind: 'uncertain', since: 1_000, attempts: 2 }],
  ] as const)(
    'for want of an answer may have spent the token only if it may have been reached: %s (R5)',
    (reached, state) => {
      const failure = new ProviderUnavailable('away', { provider: 'github', reached });
      expect(stateAfterFailure(failure, strict, sending)).toEqual(state);
    },
  );
});
