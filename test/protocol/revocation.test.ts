import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Provider, Revocation } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import type { TokenSet } from '../../src/core/token-set.js';
import { createHttp } from '../../src/protocol/http.js';
import { revokeTokens } from '../../src/protocol/revocation.js';
import { registeredProvider } from '../support/registered-provider.js';
import { type Answerer, entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const http = createHttp({ allowInsecureLoopback: true, deadlineMs: 60_000 });
let server: ScriptedServer;
let base: Provider;

beforeAll(async () => {
  server = await startScriptedServer();
  base = registeredProvider('scripted', entryAt(server.url));
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await http.close();
  await server.close();
});

const access: TokenSet = { accessToken: new Secret('at-1'), tokenType: 'Bearer', obtainedAt: 0, scope: [] };
const both: TokenSet = { ...access, refreshToken: new Secret('rt-1') };

function sent(): { method: string; query: string; body: string; authorization: string | undefined }[] {
  return server.requestsTo('/revoke').map((request) => ({
    method: request.method,
    query: request.query.toString(),
    body: request.body,
    authorization: request.headers.authorization,
  }));
}

async function revoke(tokenSet: TokenSet, changes: Partial<Revocation> = {}, ...answers: Answerer[]) {
  server.answer('/revoke', ...(answers.length > 0 ? answers : [{ status: 200 }]));
  const before = sent().length;
  const revocation = base.revocation && { ...base.revocation, ...changes };
  const outcome = await revokeTokens(revocation ? { ...base, revocation } : base, tokenSet, http);
  return { outcome, requests: sent().slice(before) };
}

describe('the request', () => {
  test('of RFC 7009 2.1: the refresh token, a hint, the client as at the token endpoint', async () => {
    const { outcome, requests } = await revoke(both);
    expect(outcome).toBe('yes');
    expect(requests).toHaveLength(1);
    expect(requests[0]?.method).toBe('POST');
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toEqual({
      token: 'rt-1',
      token_type_hint: 'refresh_token',
      client_id: 'scripted-client',
      client_secret: 'scripted-secret',
    });
  });

  test('takes the access token where there is no refresh token, unless only that can be revoked', async () => {
    expect((await revoke(access)).requests[0]?.body).toContain('token=at-1&token_type_hint=access_token');
    expect(await revoke(access, { token: 'refresh_only' })).toEqual({ outcome: 'no', requests: [] });
  });

  test('is made for both tokens where one does not end the other', async () => {
    const { requests } = await revoke(both, { reach: 'token' });
    expect(requests.map(({ body }) => new URLSearchParams(body).get('token')).sort()).toEqual(['at-1', 'rt-1']);
  });

  const shapes: [string, Partial<Revocation>, object][] = [
    [
      'basic with JSON',
      { method: 'DELETE', authentication: 'basic', body: 'json', parameter: 'access_token', token: 'access' },
      {
        method: 'DELETE',
        body: '{"access_token":"at-1"}',
        authorization: `Basic ${btoa('scripted-client:scripted-secret')}`,
      },
    ],
    [
      'the token as its own credential',
      { authentication: 'bearer', body: 'none', token: 'access' },
      { body: '', authorization: 'Bearer at-1' },
    ],
    [
      'the client id only',
      { authentication: 'client_id', body: 'form', token: 'access' },
      { body: 'token=at-1&client_id=scripted-client', authorization: undefined },
    ],
    [
      'nothing but the token',
      { authentication: 'none', body: 'form', token: 'access' },
      { body: 'token=at-1', authorization: undefined },
    ],
    [
      'the token in the query',
      { authentication: 'none', body: 'query', parameter: 'access_token', token: 'access' },
      { query: 'access_token=at-1', body: '' },
    ],
  ];
  test.each(shapes)('may show %s', async (_title, changes, expected) => {
    const { outcome, requests } = await revoke(both, changes);
    expect(outcome).toBe('yes');
    expect(requests).toEqual([expect.objectContaining(expected)]);
  });
});

describe('the outcome', () => {
  const table: [string, Answerer, 'yes' | 'no', Partial<Revocation>?][] = [
    ['204', { status: 204 }, 'yes'],
    ['400', { status: 400 }, 'no'],
    ['400 where that means dead already', { status: 400 }, 'yes', { alsoDone: [400] }],
    ['400 invalid_token', { status: 400, json: { error: 'invalid_token' } }, 'yes'],
    ['200 ok:false', { json: { ok: false, error: 'ratelimited' } }, 'no'],
    ['200 ok:false without a word', { json: { ok: false } }, 'no'],
    ['200 with a word and no ok', { json: { error: 'server_error' } }, 'no'],
    ['200 ok:false token_revoked', { json: { ok: false, error: 'token_revoked' } }, 'yes'],
    ['500', { status: 500 }, 'no'],
    ['a redirect', { status: 302, headers: { location: 'https://example.com' } }, 'no'],
    ['a cut connection', { cut: 'at_once' }, 'no'],
  ];
  test.each(table)('of %s is told, never thrown', async (_title, answer, outcome, changes) => {
    expect((await revoke(both, changes, answer)).outcome).toBe(outcome);
  });

  test('is no when one of two requests fails', async () => {
    expect((await revoke(both, { reach: 'token' }, { status: 200 }, { status: 500 })).outcome).toBe('no');
  });

  test('is unsupported where the provider has no way', async () => {
    const { revocation, ...without } = base;
    expect(await revokeTokens(without, both, http)).toBe('unsupported');
  });

  test('is no after 5 s of silence', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      expect(ms).toBe(5_000);
      return AbortSignal.abort();
    });
    expect((await revoke(both, {}, { after: new Promise(() => undefined) })).outcome).toBe('no');
    expect(timeout).toHaveBeenCalledOnce();
  });

  test('is no, not a leak, when our own key cannot be read', async () => {
    const broken: Provider = {
      ...base,
      clientAuthentication: 'private_key_jwt',
      clientKey: { privateKey: new Secret('x') },
    };
    expect(await revokeTokens(broken, both, http)).toBe('no');
  });
});
