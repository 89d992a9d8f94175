/** Every error is a small, stable fact: one code, one answer to who must act, no secret in its text. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/core/errors.js';
import { providerIdSchema } from '../../src/core/identifiers.js';

const canary = 'CANARY-91c2';
const provider = providerIdSchema.parse('github');
const reasons: readonly errors.NotConnectedReason[] = [
  'not_connected',
  'awaiting_proof',
  'expired',
  'reauthorization_required',
  'insufficient_scope',
  'account_mismatch',
];

const notConnected = (reason: errors.NotConnectedReason) =>
  new errors.OAuthNotConnected({
    provider,
    reason,
    connectUrl: `https://own.example/oauth/github?link=${canary}`,
    connectId: `cn_${canary}`,
    missingScopes: [canary],
  });

/** Every class with every code it can bear. What callers put into fields is the canary. */
const all: readonly (readonly [string, errors.WhoMustAct, errors.OAuthManagerError])[] = [
  ...reasons.map((reason) => [reason, 'user', notConnected(reason)] as const),
  ['invalid_request', 'caller', new errors.InvalidRequest('scopes', 'is too long')],
  ['unauthorized', 'caller', new errors.Unauthorized(canary, true)],
  ['forbidden', 'caller', new errors.Forbidden('Not for this role.')],
  ['code_refused', 'user', new errors.CodeRefused(4)],
  ['unknown_provider', 'caller', new errors.UnknownProvider()],
  ['unknown_connect', 'caller', new errors.UnknownConnect()],
  ['not_found', 'caller', new errors.NotFound()],
  ['gone', 'user', new errors.Gone('Used up.')],
  ['rate_limited', 'caller', new errors.RateLimited(1_000)],
  ['provider_error', 'nobody', new errors.ProviderError('Bad answer.', { provider, oauthError: canary })],
  ['provider_misconfigured', 'operator', new errors.ProviderError('Refused.', { provider, misconfigured: true })],
  ['discovery_failed', 'operator', new errors.DiscoveryFailed('pkce', `https://as.example/${canary}`, 'says nothing.')],
  [
    'client_registration_required',
    'operator',
    new errors.ClientRegistrationRequired({ issuer: 'https://as.example', redirectUri: 'https://own.example/cb' }),
  ],
  ['grant_refused', 'user', new errors.GrantRefused({ provider, status: 400, oauthError: 'invalid_grant' })],
  ['provider_unavailable', 'nobody', new errors.ProviderUnavailable('No answer.', { provider, reached: 'unknown' })],
  ['store_unavailable', 'nobody', new errors.StoreUnavailable('No answer.')],
  ['key_unavailable', 'operator', new errors.KeyUnavailable('k1')],
  ['stored_token_unreadable', 'operator', new errors.StoredTokenUnreadable('Cannot be opened.')],
  ['manager_lifecycle', 'operator', new errors.ManagerLifecycleError('Closed.')],
  ['configuration_invalid', 'operator', new errors.ConfigurationError([{ name: 'PORT', problem: 'is no number' }])],
];

describe('errors', () => {
  it('are all in the table above', () => {
    const classes = Object.values(errors).filter((each) => each.prototype instanceof errors.OAuthManagerError);
    const shown = new Set(all.map(([, , error]) => error.constructor));
    expect(classes.filter((each) => !shown.has(each))).toEqual([]);
    expect(shown.size).toBe(classes.length);
  });

  it('bear codes that no two kinds share', () => {
    const codes = all.map(([, , error]) => error.code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(all)('%s has its literal code, its class as name, and %s must act', (code, whoMustAct, error) => {
    expect(error.code).toBe(code);
    expect(error.whoMustAct).toBe(whoMustAct);
    expect(error.name).toBe(error.constructor.name);
    expect(error).toBeInstanceOf(Error);
  });

  it.each(all)('%s says something, and neither its text nor its cause holds what was put into its fields', (...row) => {
    const error = row[2];
    expect(error.message).not.toBe('');
    expect(`${error} ${error.stack}`).not.toContain(canary);
    expect(error.cause).toBeUndefined();
  });

  it('tell a caller without a credential and one with a wrong one the same', () => {
    expect(new errors.Unauthorized('no header', false).message).toBe(
      new errors.Unauthorized('wrong key', true).message,
    );
  });

  it('give the reason of a missing connection also as the code (design 4, status 409)', () => {
    for (const reason of reasons) expect(notConnected(reason)).toMatchObject({ reason, code: reason, provider });
  });

  it('name every fault of a configuration at once', () => {
    const faults = [
      { name: 'PORT', problem: 'is no number' },
      { name: 'BASE_URL', problem: 'must be https' },
    ];
    const error = new errors.ConfigurationError(faults);
    expect(error.faults).toEqual(faults);
    expect(error.message).toContain('PORT: is no number');
    expect(error.message).toContain('BASE_URL: must be https');
  });

  it('leave open what is not known, and take the outcome of a store command for unknown', () => {
    expect(new errors.ProviderError('Bad answer.', { provider }).status).toBeUndefined();
    expect(new errors.ProviderUnavailable('Late.', { provider, reached: 'no' }).retryAfterMs).toBeUndefined();
    expect(new errors.StoreUnavailable('Late.').carriedOut).toBe('unknown');
  });

  it('stand in the manual, every code with who must act', () => {
    const manual = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const rows = manual.split('\n').filter((line) => line.startsWith('| `'));
    const missing = all.filter(([code, whoMustAct]) => {
      const cells = rows.find((row) => row.startsWith(`| \`${code}\` |`))?.split('|') ?? [];
      return cells[3]?.trim() !== whoMustAct;
    });
    expect(missing.map(([code]) => code)).toEqual([]);
  });
});
