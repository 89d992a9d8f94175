/** Every refusal of the API as a problem (RFC 9457): the table of statuses and codes, and what a body never holds. */

import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type AnyOAuthManagerError,
  CodeRefused,
  ConfigurationError,
  Forbidden,
  Gone,
  GrantRefused,
  InvalidRequest,
  KeyUnavailable,
  ManagerLifecycleError,
  type NotConnectedReason,
  NotFound,
  OAuthNotConnected,
  ProviderError,
  ProviderUnavailable,
  RateLimited,
  StoredTokenUnreadable,
  StoreUnavailable,
  Unauthorized,
  UnknownConnect,
  UnknownProvider,
} from '../../src/core/errors.js';
import { providerIdSchema, tenantIdSchema } from '../../src/core/identifiers.js';
import { createApiKey, revokeApiKey } from '../../src/service/api-keys.js';
import { TokenJourneys } from '../../src/token-journeys.js';
import { type ApiUnderTest, bearer, buildApi, jwtIssuer, jwtSecret, keys } from './api-app.js';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await buildApi({ fastify: { genReqId: () => 'req-1' } });
});
afterAll(() => api.close());
afterEach(() => {
  vi.restoreAllMocks();
  api.logged.length = 0;
});

const provider = 'github';
const github = providerIdSchema.parse(provider);
const tokenPath = '/v1/users/u1/tokens/github';
const canary = 'canary_SeCrEt.4711';

const notConnected = (reason: NotConnectedReason, missingScopes?: string[], paused?: boolean) =>
  new OAuthNotConnected({
    provider: github,
    reason,
    connectUrl: 'https://valetkey.example/oauth/github?link=x',
    connectId: 'cn_1',
    missingScopes,
    paused,
  });

const userMustAct = {
  provider,
  connect_url: 'https://valetkey.example/oauth/github?link=x',
  connect_id: 'cn_1',
  who_must_act: 'user',
};

/** The contract's table, row by row: error, status, code, extra fields, Retry-After. */
const table: [AnyOAuthManagerError, number, string, object, string | undefined][] = [
  [new InvalidRequest('return_to', 'must be a local path'), 400, 'invalid_request', { field: 'return_to' }, undefined],
  [new Unauthorized('x', true), 401, 'unauthorized', {}, undefined],
  [new Forbidden('No.'), 403, 'forbidden', {}, undefined],
  [new CodeRefused(3), 403, 'code_refused', { attempts_left: 3 }, undefined],
  [new UnknownProvider(), 404, 'unknown_provider', {}, undefined],
  [new UnknownConnect(), 404, 'unknown_connect', {}, undefined],
  [new NotFound(), 404, 'not_found', {}, undefined],
  [notConnected('not_connected'), 409, 'not_connected', userMustAct, undefined],
  [notConnected('awaiting_proof'), 409, 'awaiting_proof', userMustAct, undefined],
  [notConnected('expired'), 409, 'expired', userMustAct, undefined],
  [notConnected('not_connected', undefined, true), 409, 'not_connected', { ...userMustAct, paused: true }, undefined],
  [notConnected('reauthorization_required'), 409, 'reauthorization_required', userMustAct, undefined],
  [
    notConnected('insufficient_scope', ['repo']),
    409,
    'insufficient_scope',
    { ...userMustAct, missing_scopes: ['repo'] },
    undefined,
  ],
  [notConnected('account_mismatch'), 409, 'account_mismatch', userMustAct, undefined],
  [new Gone('Used up.'), 410, 'gone', {}, undefined],
  [new RateLimited(1500), 429, 'rate_limited', {}, '2'],
  [new ProviderError('bad', { provider }), 502, 'provider_error', { provider, who_must_act: 'nobody' }, undefined],
  [
    new ProviderError('bad client', { provider, misconfigured: true }),
    502,
    'provider_error',
    { provider, who_must_act: 'operator' },
    undefined,
  ],
  [new GrantRefused({ provider, status: 400, oauthError: 'invalid_grant' }), 502, 'provider_error', {}, undefined],
  [
    new ProviderUnavailable('late', { provider, reached: 'unknown', retryAfterMs: 61_001 }),
    503,
    'provider_unavailable',
    { provider },
    '62',
  ],
  [new ProviderUnavailable('late', { provider, reached: 'no' }), 503, 'provider_unavailable', { provider }, '5'],
  [new StoreUnavailable('ECONNREFUSED 10.1.2.3'), 503, 'store_unavailable', {}, '2'],
  [new KeyUnavailable('k9'), 503, 'key_unavailable', {}, '30'],
  [new StoredTokenUnreadable('record'), 503, 'stored_token_unreadable', {}, '60'],
  [new ManagerLifecycleError('closed'), 503, 'store_unavailable', {}, '2'],
  [new ConfigurationError([{ name: 'X', problem: 'bad' }]), 500, 'internal_error', {}, undefined],
];

describe('the table of statuses and codes', () => {
  it.each(table.map((row) => [`${row[0].name} (${row[0].code})`, ...row] as const))(
    'answers %s',
    async (_name, error, status, code, extras, retryAfter) => {
      vi.spyOn(TokenJourneys.prototype, 'requireToken').mockRejectedValue(error);
      const response = await api.app.inject({ url: tokenPath, headers: bearer(keys.bot) });
      expect(response.statusCode).toBe(status);
      expect(response.headers['content-type']).toBe('application/problem+json');
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.headers['retry-after']).toBe(retryAfter);
      const { title, detail, ...rest } = response.json();
      expect(rest).toEqual({ type: `urn:valetkey:problem:${code}`, status, code, request_id: 'req-1', ...extras });
      expect([typeof title, typeof detail]).toEqual(['string', 'string']);
    },
  );

  it('is never to be cached, also where nothing is (A7)', async () => {
    const { statusCode, headers } = await api.app.inject('/nowhere');
    expect([statusCode, headers['cache-control'], headers.pragma]).toEqual([404, 'no-store', 'no-cache']);
  });

  it('tells nothing of our insides when a dependency is down', async () => {
    for (const error of [new StoreUnavailable(canary), new KeyUnavailable(canary), new StoredTokenUnreadable(canary)]) {
      vi.spyOn(TokenJourneys.prototype, 'requireToken').mockRejectedValue(error);
      const { body } = await api.app.inject({ url: tokenPath, headers: bearer(keys.bot) });
      expect(body).not.toContain(canary);
    }
  });

  it('answers an error that nobody planned with 500, and its message goes nowhere, not even into the log', async () => {
    vi.spyOn(TokenJourneys.prototype, 'requireToken').mockRejectedValue(new RangeError(`boom ${canary}`));
    const response = await api.app.inject({ url: tokenPath, headers: bearer(keys.bot) });
    expect([response.statusCode, response.json().code]).toEqual([500, 'internal_error']);
    expect(response.body + api.logged.join('')).not.toContain(canary);
    expect(api.logged.join('')).toContain('RangeError');
  });
});

describe('401', () => {
  const claims = (more: object) => {
    const iat = Math.floor(Date.now() / 1000);
    return { iss: jwtIssuer, aud: 'valetkey', sub: 'u1', iat, exp: iat + 60, ...more };
  };
  const sign = (more: object, secret = jwtSecret) =>
    new SignJWT(claims(more)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));

  it('has the same body, byte for byte, for every cause, and an error code if a token was shown (RFC 6750 3.1)', async () => {
    const request = { owner: 'team', role: 'bot' as const, tenant: tenantIdSchema.parse('default') };
    const revoked = await createApiKey(api.store.documents, request, Date.now());
    await revokeApiKey(api.store.documents, revoked.view.id, Date.now());
    const expired = await createApiKey(api.store.documents, { ...request, expiresAt: 1 }, Date.now());
    const past = Math.floor(Date.now() / 1000) - 600;
    const causes: Record<string, Record<string, string>> = {
      missing: {},
      scheme: { authorization: `Basic ${keys.bot}` },
      'scheme alone': { authorization: 'Bearer' },
      malformed: { authorization: `Bearer ${keys.bot} x` },
      unknown: bearer('x'.repeat(40)),
      revoked: bearer(revoked.key.reveal()),
      expired: bearer(expired.key.reveal()),
      'jwt signature': bearer(await sign({}, `${jwtSecret}-other`)),
      'jwt expired': bearer(await sign({ iat: past, exp: past + 60 })),
      'jwt audience': bearer(await sign({ aud: 'other' })),
      'jwt without sub': bearer(await sign({ sub: undefined })),
      twice: { ...bearer(keys.bot), 'x-api-key': keys.bot },
    };
    const answers = await Promise.all(
      Object.entries(causes).map(async ([cause, headers]) => {
        const { statusCode, body, headers: got } = await api.app.inject({ url: tokenPath, headers });
        return { cause, statusCode, body, challenge: got['www-authenticate'] };
      }),
    );
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([401]));
    const isShown = (cause: string) => !['missing', 'scheme', 'scheme alone'].includes(cause);
    for (const { cause, challenge } of answers) {
      expect([cause, challenge]).toEqual([cause, isShown(cause) ? 'Bearer error="invalid_token"' : 'Bearer']);
    }
  });

  it('tells the cause to the log, and no credential', async () => {
    await api.app.inject({ url: tokenPath, headers: bearer(canary) });
    expect(api.logged.join('')).toContain('credential_unknown');
    expect(api.logged.join('')).not.toContain(canary);
  });

  it('comes before the body is looked at', async () => {
    for (const payload of ['{', '{"rejected_token_sha256":1}', 'x'.repeat(70_000)]) {
      const response = await api.app.inject({
        method: 'POST',
        url: `${tokenPath}/refresh`,
        headers: { 'content-type': 'application/json' },
        payload,
      });
      expect(response.statusCode).toBe(401);
    }
  });

  it('ignores a key in the query', async () => {
    for (const name of ['api_key', 'access_token', 'key', 'token']) {
      const response = await api.app.inject({ url: `${tokenPath}?${name}=${keys.bot}` });
      expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
  });
});
