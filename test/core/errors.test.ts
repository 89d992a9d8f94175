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

/** Every class with every code it can bear, and how one is made. What callers put into fields is the canary. */
const all: readonly (readonly [string, errors.WhoMustAct, () => errors.OAuthManagerError])[] = [
  ...reasons.map((reason) => [reason, 'user', () => notConnected(reason)] as const),
  ['invalid_request', 'caller', () => new errors.InvalidRequest('scopes', 'is too long')],
  ['unauthorized', 'caller', () => new errors.Unauthorized(canary, true)],
  ['forbidden', 'caller', () => new errors.Forbidden('Not for this role.')],
  ['code_refused', 'user', () => new errors.CodeRefused(4)],
  ['unknown_provider', 'caller', () => new errors.UnknownProvider()],
  ['unknown_connect', 'caller', () => new errors.UnknownConnect()],
  ['not_found', 'caller', () => new errors.NotFound()],
  ['gone', 'user', () => new errors.Gone('Used up.')],
  ['rate_limited', 'caller', () => new errors.RateLimited(1_000)],
  ['provider_error', 'nobody', () => new errors.ProviderError('Bad answer.', { provider, oauthError: canary })],
  ['provider_misconfigured', 'operator', () => new errors.ProviderError('Refused.', { provider, misconfigured: true })],
  [
    'discovery_failed',
    'operator',
    () => new errors.DiscoveryFailed('pkce', `https://as.example/${canary}`, 'says nothing.'),
  ],
  [
    'client_registration_required',
    'operator',
    () =>
      new errors.ClientRegistrationRequired({ issuer: 'https://as.example', redirectUri: 'https://own.example/cb' }),
  ],
  ['grant_refused', 'user', () => new errors.GrantRefused({ provider, status: 400, oauthError: 'invalid_grant' })],
  [
    'provider_unavailable',
    'nobody',
    () => new errors.ProviderUnavailable('No answer.', { provider, reached: 'unknown' }),
  ],
  ['store_unavailable', 'nobody', () => new errors.StoreUnavailable('No answer.')],
  ['key_unavailable', 'operator', () => new errors.KeyUnavailable('k1')],
  ['stored_token_unreadable', 'operator', () => new errors.StoredTokenUnreadable('Cannot be opened.')],
  ['manager_lifecycle', 'operator', () => new errors.ManagerLifecycleError('Closed.')],
  [
    'configuration_invalid',
    'operator',
    () => new errors.ConfigurationError([{ name: 'PORT', problem: 'is no number' }]),
  ],
];

describe('errors', () => {
  it('are all in the table above', () => {
    const classes = Object.values(errors).filter((each) => each.prototype instanceof errors.OAuthManagerError);
    const shown = new Set(all.map(([, , make]) => make().constructor));
    expect(classes.filter((each) => !shown.has(each))).toEqual([]);
    expect(shown.size).toBe(classes.length);
  });

  it('bear codes that no two kinds share', () => {
    const codes = all.map(([, , make]) => make().code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(all)('%s has its literal code, its class as name, and %s must act', (code, whoMustAct, make) => {
    const error = make();
    expect(error.code).toBe(code);
    expect(error.whoMustAct).toBe(whoMustAct);
    expect(error.name).toBe(error.constructor.name);
    expect(error).toBeInstanceOf(Error);
  });

  it.each(all)('%s says something, and neither its text nor its cause holds what was put into its fields', (...row) => {
    const error = row[2]();
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
    expect(error.message.split('\n').slice(1)).toEqual(['  PORT: is no number', '  BASE_URL: must be https']);
  });

  it('say which facts they were given, and nothing of those that they were not', () => {
    const known = { provider, status: 429, oauthError: 'slow_down', retryAfterMs: 7000, reached: 'no' } as const;
    expect({ ...new errors.ProviderError('Bad answer.', known) }).toMatchObject({
      provider,
      status: 429,
      oauthError: 'slow_down',
    });
    expect({ ...new errors.ProviderUnavailable('Late.', known) }).toMatchObject({ status: 429, retryAfterMs: 7000 });
    const open = { provider, reached: 'unknown' } as const;
    const facts = { status: undefined, oauthError: undefined, retryAfterMs: undefined, paused: undefined };
    for (const error of [
      new errors.ProviderError('Bad answer.', open),
      new errors.ProviderUnavailable('Late.', open),
      new errors.ClientRegistrationRequired({ issuer: 'https://as.example', redirectUri: 'https://own.example/cb' }),
      new errors.OAuthNotConnected({
        provider,
        reason: 'not_connected',
        connectUrl: 'https://own.example',
        connectId: 'c',
      }),
    ])
      expect({ ...facts, ...error }).toMatchObject(facts);
  });

  it('tell a connection that the person has paused from one that is not there', () => {
    const fields = { provider, reason: 'not_connected', connectUrl: 'https://own.example', connectId: 'c' } as const;
    const paused = new errors.OAuthNotConnected({ ...fields, paused: true, missingScopes: ['repo'] });
    expect(paused).toMatchObject({ paused: true, missingScopes: ['repo'] });
    expect(paused.message).toContain('has paused the github connection');
    expect(new errors.OAuthNotConnected(fields).message).toContain('No usable github connection (not_connected)');
  });

  it('say where it failed, also when that is no URL', () => {
    const at = (url: string) => new errors.DiscoveryFailed('pkce', url, 'says nothing.');
    expect(at('https://as.example/a?b')).toMatchObject({
      origin: 'https://as.example',
      message: 'pkce: https://as.example says nothing.',
    });
    expect(at('no URL')).toMatchObject({ origin: 'an unreadable URL' });
    expect(new errors.GrantRefused({ provider, status: 400, oauthError: 'invalid_grant' }).message).toContain(
      'github refused the grant (invalid_grant)',
    );
    expect(new errors.KeyUnavailable('k1')).toMatchObject({ keyId: 'k1', message: expect.stringContaining('"k1"') });
    expect(new errors.InvalidRequest('scopes', 'is too long').message).toBe('scopes: is too long');
  });

  it('tell the operator what to register where, and with what registration was refused', () => {
    const client = { issuer: 'https://as.example', redirectUri: 'https://own.example/cb' };
    expect(new errors.ClientRegistrationRequired(client).message).toBe(
      'CLIENT_REGISTRATION_REQUIRED: https://as.example offers no registration; register a client with https://own.example/cb there.',
    );
    const refused = new errors.ClientRegistrationRequired({ ...client, oauthError: 'access_denied' });
    expect(refused).toMatchObject({ ...client, step: 'registration', oauthError: 'access_denied' });
    expect(refused.message).toContain('https://as.example refused it (access_denied)');
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
