import { describe, expect, test } from 'vitest';
import { hardEndOf, isRenewedByUse } from '../../src/core/refresh-end.js';
import { Secret } from '../../src/core/secret.js';
import { warningFrom } from '../../src/flows/schedule.js';
import { aConnection, anOwner } from '../store/samples.js';
import { registeredProvider } from '../support/registered-provider.js';

const day = 86_400_000;
const client = { client_id: 'c', client_secret: 's' };
const providerOf = (id: string) => registeredProvider(id, client);

/** A token set of day 0 whose refresh token ends after so many days. */
const tokens = (endsAfterDays?: number) => ({
  accessToken: new Secret('at'),
  refreshToken: new Secret('rt'),
  tokenType: 'Bearer',
  obtainedAt: 0,
  scope: [],
  ...(endsAfterDays !== undefined && { refreshExpiresAt: endsAfterDays * day }),
});

describe('the hard end of a refresh token', () => {
  test.each([
    ['google', 180, undefined, 'used every half year it does not end'],
    ['google', 7, 7, 'of an app in testing it ends after the 7 days that the answer named'],
    ['spotify', 180, 180, 'it ends half a year after the consent'],
    ['linkedin', 365, 365, 'it ends a year after the consent'],
    ['atlassian', 90, 365, 'a year after the consent it ends however much it is used'],
    ['quickbooks', 101, 1825, 'five years after the consent it ends however much it is used'],
    ['quickbooks', 12, 12, 'what is left of the five years is named in the answer'],
    ['discord', undefined, undefined, 'nothing is known of its end'],
  ])('%s, answer says %s days: %s (%s)', (id, stated, ends, _why) => {
    const end = hardEndOf(providerOf(id), tokens(stated), 0);
    expect(end === undefined ? undefined : end / day).toBe(ends);
  });

  test('is warned of a week before, or in the last quarter of a shorter life', () => {
    const connection = (days: number) => ({ ...aConnection(anOwner()), connectedAt: 0, tokenSet: tokens(days) });
    expect(warningFrom(connection(7), providerOf('google'))).toBe(5.25 * day);
    expect(warningFrom(connection(180), providerOf('google'))).toBeUndefined();
    expect(warningFrom(connection(90), providerOf('atlassian'))).toBe(358 * day);
  });

  test('is not put off by use when the answer has named it', () => {
    expect(isRenewedByUse(providerOf('google'), tokens(7))).toBe(false);
    expect(isRenewedByUse(providerOf('google'), tokens(180))).toBe(true);
    expect(isRenewedByUse(providerOf('google'), tokens())).toBe(true);
  });

  test('is the usual one when the answer names it up to an hour too early', () => {
    const { ms } = providerOf('google').refreshLifetime ?? { ms: 0 };
    const hour = 1 / 24;
    expect(isRenewedByUse(providerOf('google'), tokens(ms / day - hour))).toBe(true);
    expect(isRenewedByUse(providerOf('google'), tokens(ms / day - 2 * hour))).toBe(false);
  });
});
