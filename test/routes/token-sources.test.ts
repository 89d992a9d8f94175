/** One address, one set of errors, whatever a provider's tokens come from. */

import { fastify } from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { OAuthNotConnected, ProviderError, ProviderUnavailable } from '../../src/core/errors.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import type { SourceRequest, TokenSource } from '../../src/core/token-source.js';
import { type ValetkeyPluginOptions, valetkey, valetkeyServerOptions } from '../../src/fastify.js';
import { entryAt, type ScriptedAnswer } from '../support/scripted-server.js';
import { openSourced } from '../support/sourced-manager.js';

const secret = 'sources-bot-key-sources-bot-key-01';

/** What is the matter with the provider of that name, and what its token endpoint then answers. */
const conditions: Readonly<Record<string, ScriptedAnswer>> = {
  ok: { json: { access_token: 'at-new', token_type: 'Bearer', expires_in: 3600 } },
  nobody: { status: 400, json: { error: 'invalid_grant' } },
  fault: { status: 401, json: { error: 'invalid_client' } },
  outage: { status: 503 },
  scope: { json: { access_token: 'at-new', token_type: 'Bearer', expires_in: 3600 } },
};

/** What a source is configured with; `nobody` stands for the state in which there is nothing to get a token with. */
const sources: Readonly<Record<string, (condition: string) => Partial<ProviderEntry>>> = {
  authorization_code: () => ({}),
  refresh_token: (condition) => ({
    source: 'refresh_token',
    ...(condition !== 'nobody' && { refresh_token: 'rt-1' }),
  }),
  token_exchange: () => ({ source: 'token_exchange' }),
  static: (condition) => ({ source: 'static', ...(condition !== 'nobody' && { access_token: 'at-0' }) }),
  client_credentials: () => ({ source: 'client_credentials' }),
  host: () => ({}),
};

/** A source of the host's own that fails as one of ours would. */
function hostSource(condition: string): TokenSource {
  const id = providerIdSchema.parse(condition);
  const link = { provider: id, connectUrl: 'https://host.example/connect', connectId: 'cn_1' };
  const failures: Readonly<Record<string, (request: SourceRequest) => Error | undefined>> = {
    nobody: () => new OAuthNotConnected({ ...link, reason: 'not_connected' }),
    fault: () => new ProviderError('set the secret', { provider: id, misconfigured: true }),
    outage: () => new ProviderUnavailable('away', { provider: id, reached: 'no' }),
    scope: ({ scope }) =>
      new OAuthNotConnected({ ...link, reason: 'insufficient_scope', missingScopes: scope.slice(1) }),
  };
  return {
    requiresSubjectToken: false,
    resolve: async (request) => {
      const failure = failures[condition]?.(request);
      if (failure !== undefined) throw failure;
      return { accessToken: 'at-new', scope: ['read'] };
    },
  };
}

/** An app with one provider for each condition, all of that source. */
async function openApp(source: string, authenticate?: ValetkeyPluginOptions['authenticate']) {
  const names = Object.keys(conditions);
  const own = Object.fromEntries(names.map((name) => [name, hostSource(name)]));
  const { server, openAnother } = await openSourced({});
  for (const name of names) server.answer(`/token-${name}`, conditions[name] ?? {});
  const providers = Object.fromEntries(
    names.map((name) => [
      name,
      { ...entryAt(server.url), token_endpoint: `${server.url}/token-${name}`, ...sources[source]?.(name) },
    ]),
  );
  const manager = await openAnother(source === 'host' ? { providers: {}, sources: own } : { providers });
  if (source === 'authorization_code') {
    const ended = { accessToken: 'at-old', refreshToken: 'rt-1', expiresAt: 1, scopes: ['read'] };
    for (const provider of names.filter((name) => name !== 'nobody')) {
      await manager.storeToken('u', { provider, ...ended });
    }
  }
  const app = fastify(valetkeyServerOptions);
  const callers = authenticate ? { authenticate } : { apiKeys: [{ id: 'bot', role: 'bot' as const, secret }] };
  await app.register(valetkey, { manager, ...callers });
  onTestFinished(() => app.close());
  return app;
}

/** What callers branch on. */
type Answer = readonly [status: number, code: string | undefined, told?: object];
const token: Answer = [200, undefined];
const operator: Answer = [502, 'provider_error', { who_must_act: 'operator' }];
const later: Answer = [503, 'provider_unavailable'];
const person = { who_must_act: 'user', connect_url: expect.any(String), connect_id: expect.any(String) };
const notConnected: Answer = [409, 'not_connected', person];
const wantsScope: Answer = [409, 'insufficient_scope', { ...person, missing_scopes: ['admin'] }];
/** Nobody can give more than the operator has configured. */
const wrongScope: Answer = [400, 'invalid_request', { detail: expect.stringContaining('scopes') }];
const subjectMissing: Answer = [400, 'invalid_request', { detail: expect.stringContaining('subject_token') }];
/** The one who brought the subject token can mend it. */
const subjectRefused = subjectMissing;

/** For each source what is answered, in the order of the conditions. */
const answers: readonly [source: string, ...answers: Answer[]][] = [
  ['authorization_code', token, notConnected, operator, later, wantsScope],
  ['refresh_token', token, operator, operator, later, wrongScope],
  // Nobody is asked, so nothing but the configuration can fail.
  ['static', token, operator, token, token, wrongScope],
  // A client that may not have the grant at all has the wrong configuration.
  ['client_credentials', token, [502, 'provider_error'], operator, later, wrongScope],
  ['host', token, notConnected, operator, later, wantsScope],
  ['token_exchange', subjectMissing, subjectMissing, subjectMissing, subjectMissing, subjectMissing],
];
const exchanged: readonly Answer[] = [token, subjectRefused, operator, later, wrongScope];

/** Compares what an answer says with what it should. */
async function check(answer: { statusCode: number; headers: object; json(): object }, expected: Answer) {
  const [status, code, told] = expected;
  const body: { access_token?: unknown; code?: string } = answer.json();
  expect([answer.statusCode, body.code]).toEqual([status, code]);
  expect(body).toMatchObject(told ?? {});
  expect(Object.hasOwn(body, 'access_token')).toBe(status === 200);
  if (status === 503) expect(answer.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^\d+$/) });
  if (status === 200) expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
  expect(JSON.stringify(body)).not.toMatch(/rt-1|scripted-secret/);
}

const names = Object.keys(conditions);
const headers = { authorization: `Bearer ${secret}` };

describe('GET /v1/users/{user}/tokens/{provider}, with every source', () => {
  it.each(answers)(
    '%s: a token, nobody connected, our fault, an outage, scope that is missing',
    async (source, ...all) => {
      const app = await openApp(source);
      for (const [index, name] of names.entries()) {
        const query = name === 'scope' ? '?scopes=read+admin' : '';
        const answer = await app.inject({ url: `/v1/users/u/tokens/${name}${query}`, headers });
        await check(answer, all[index] ?? token);
      }
    },
  );
});

describe('POST /v1/exchange/{provider}', () => {
  it('answers the same five in the same words', async () => {
    const app = await openApp('token_exchange');
    for (const [index, name] of names.entries()) {
      const payload = { subject_token: 'subject', ...(name === 'scope' && { scopes: ['read', 'admin'] }) };
      await check(
        await app.inject({ method: 'POST', url: `/v1/exchange/${name}`, headers, payload }),
        exchanged[index] ?? token,
      );
    }
  });
});

describe('a person with a credential of the own', () => {
  it.each(['refresh_token', 'static', 'client_credentials', 'host'])(
    'gets no token of source %s, which a whole deployment shares',
    async (source) => {
      const app = await openApp(source, () => ({ id: 'u', role: 'user', tenant: 'default', userId: 'u' }));
      const payload = { rejected_token_sha256: '0'.repeat(64) };
      const got = await app.inject({ url: '/v1/users/u/tokens/ok' });
      const renewed = await app.inject({ method: 'POST', url: '/v1/users/u/tokens/ok/refresh', payload });
      expect([got.statusCode, renewed.statusCode]).toEqual([403, 403]);
    },
  );
});
