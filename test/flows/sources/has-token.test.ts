import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ProviderEntry } from '../../../providers/index.js';
import { createManualClock } from '../../support/clock.js';
import { countedTokens, openSourced } from '../../support/sourced-manager.js';
import { unsignedJwt } from '../../support/unsigned-jwt.js';

const minute = createManualClock().now() / 1000 + 60;

describe('hasToken tells the truth of a source, and asks nobody (S2-32)', () => {
  test.each<[string, Partial<ProviderEntry>, string | undefined, boolean]>([
    ['static with a token', { source: 'static', access_token: 'at-0' }, undefined, true],
    ['static without one', { source: 'static' }, undefined, false],
    ['a fixed identity that was never used', { source: 'refresh_token', refresh_token: 'rt-1' }, undefined, true],
    ['a fixed identity without a refresh token', { source: 'refresh_token' }, undefined, false],
    ['client credentials', { source: 'client_credentials' }, undefined, true],
    ['an exchange without a subject', { source: 'token_exchange' }, undefined, false],
    ['an exchange with an empty one', { source: 'token_exchange' }, '', false],
    ['an exchange with an opaque one', { source: 'token_exchange' }, 'subject', true],
    ['an exchange with one that lives', { source: 'token_exchange' }, unsignedJwt({ exp: minute }), true],
    ['an exchange with one that has ended', { source: 'token_exchange' }, unsignedJwt({ exp: minute - 120 }), false],
    [
      'an exchange with one of a foreign issuer',
      { source: 'token_exchange', subject_token_issuers: ['https://id.example'] },
      unsignedJwt({ iss: 'https://other.example' }),
      false,
    ],
    ['a subject where none is taken', { source: 'static', access_token: 'at-0' }, 'subject', false],
  ])('%s', async (_title, entry, subjectToken, expected) => {
    const { manager, server } = await openSourced(entry);
    expect(await manager.hasToken('u', 'src', { subjectToken })).toBe(expected);
    expect(server.requests).toEqual([]);
  });

  test('a fixed identity whose grant has ended, until another refresh token is set', async () => {
    const entry = { source: 'refresh_token', refresh_token: 'rt-1' } as const;
    const { manager, server, options, openAnother } = await openSourced(entry);
    server.answer('/token', countedTokens({ expires_in: 10 }), { status: 400, json: { error: 'invalid_grant' } });
    await manager.requireToken('u', 'src');
    expect(await manager.hasToken('u', 'src')).toBe(true);
    const rejectedTokenSha256 = createHash('sha256').update('at-1').digest('hex');
    await expect(manager.refreshToken('u', 'src', { rejectedTokenSha256 })).rejects.toThrow('set a new refresh_token');
    expect(await manager.hasToken('u', 'src')).toBe(false);
    const other = { ...Object.values(options.providers)[0], refresh_token: 'rt-2' };
    expect(await (await openAnother({ providers: { src: other } })).hasToken('u', 'src')).toBe(true);
  });

  test('a source of the host’s own, with a word of its own or without', async () => {
    const resolve = async () => ({ accessToken: 'host-token' });
    const sources = {
      silent: { requiresSubjectToken: false, resolve },
      empty: { requiresSubjectToken: false, resolve, has: async () => false },
      broken: { requiresSubjectToken: false, resolve, has: () => Promise.reject(new Error('CANARY')) },
    };
    const { manager, logged } = await openSourced({}, { sources });
    expect([await manager.hasToken('u', 'silent'), await manager.hasToken('u', 'empty')]).toEqual([true, false]);
    await expect(manager.hasToken('u', 'broken')).rejects.toMatchObject({ code: 'provider_error' });
    expect(logged.join()).not.toContain('CANARY');
  });

  test('a provider of persons is asked by the user’s own connection', async () => {
    const { manager } = await openSourced({});
    expect(await manager.hasToken('u', 'src')).toBe(false);
    await manager.storeToken('u', { provider: 'src', accessToken: 'at' });
    expect([await manager.hasToken('u', 'src'), await manager.hasToken('other', 'src')]).toEqual([true, false]);
  });
});
