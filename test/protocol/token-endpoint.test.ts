import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import type { Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import { mergeAfterRefresh, type TokenSet } from '../../src/core/token-set.js';
import { createHttp } from '../../src/protocol/http.js';
import { redeemAuthorizationCode, refreshTokens } from '../../src/protocol/token-endpoint.js';
import { createManualClock } from '../support/clock.js';
import { registeredProvider } from '../support/registered-provider.js';
import { entryAt, type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const clock = createManualClock();
const warnings: string[] = [];
const http = createHttp({
  allowInsecureLoopback: true,
  deadlineMs: 2_000,
  now: clock.now,
  warn: (fields, message) => warnings.push(JSON.stringify(fields) + message),
});
let server: ScriptedServer;

beforeAll(async () => {
  server = await startScriptedServer();
});
beforeEach(() => {
  warnings.length = 0;
});
afterAll(async () => {
  await http.close();
  await server.close();
});

const scripted = (overrides: Partial<ProviderEntry> = {}, id = 'scripted') =>
  registeredProvider(id, entryAt(server.url, overrides));

const current: TokenSet = {
  accessToken: new Secret('old-access'),
  tokenType: 'Bearer',
  refreshToken: new Secret('rt-1'),
  obtainedAt: clock.now() - 3_600_000,
  expiresAt: clock.now(),
  scope: ['read'],
};

async function refreshWith(answer: ScriptedAnswer, provider: Provider = scripted()): Promise<TokenSet> {
  server.answer('/token', answer);
  return refreshTokens(provider, current, http);
}

async function redeemWith(answer: ScriptedAnswer, provider: Provider = scripted(), requestedScope = ['read', 'write']) {
  server.answer('/token', answer);
  const codeVerifier = new Secret('v'.repeat(43));
  const request = {
    code: new Secret('code-1'),
    codeVerifier,
    redirectUri: 'https://app.example.com/cb',
    requestedScope,
  };
  return redeemAuthorizationCode(provider, request, http);
}

const lastRequest = () => server.requestsTo('/token').at(-1);
const good = { access_token: 'at-2', token_type: 'Bearer', expires_in: 3600 };

describe('the request', () => {
  test('a code is redeemed by a form with verifier and redirect URI, asking for JSON (RFC 6749 4.1.3, RFC 7636 4.5)', async () => {
    await redeemWith({ json: good });
    expect(lastRequest()?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': expect.stringContaining('application/x-www-form-urlencoded'),
    });
    expect(Object.fromEntries(lastRequest()?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: 'https://app.example.com/cb',
      code_verifier: 'v'.repeat(43),
      client_id: 'scripted-client',
      client_secret: 'scripted-secret',
    });
  });

  test('a refresh sends the refresh token and the client, nothing else (RFC 6749 6)', async () => {
    await refreshWith({ json: good });
    expect(lastRequest()?.body).toBe(
      'refresh_token=rt-1&grant_type=refresh_token&client_id=scripted-client&client_secret=scripted-secret',
    );
  });

  test.each([undefined, ''])('without a secret (%j) there is no client_secret field at all (S0-05)', async (secret) => {
    await refreshWith({ json: good }, scripted({ client_secret: secret }));
    expect(lastRequest()?.form.has('client_secret')).toBe(false);
    expect(lastRequest()?.form.get('client_id')).toBe('scripted-client');
  });

  test('the verifier is left out where PKCE is not known', async () => {
    await redeemWith({ json: good }, scripted({ pkce: 'none' }));
    expect(lastRequest()?.form.has('code_verifier')).toBe(false);
  });

  test('a JSON endpoint gets the same fields as JSON', async () => {
    await redeemWith({ json: good }, { ...scripted(), tokenRequestFormat: 'json' });
    expect(lastRequest()?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(lastRequest()?.body ?? '')).toMatchObject({ grant_type: 'authorization_code', code: 'code-1' });
  });

  test('extra parameters and headers are sent, and cannot take the place of the grant’s own', async () => {
    const provider = scripted({
      extra_token_params: { expiring: '1', grant_type: 'password', refresh_token: 'x' },
      extra_token_headers: { 'x-version': '7', 'user-agent': 'mine' },
      resource: 'https://api.example.com',
    });
    await refreshWith({ json: good }, provider);
    expect(Object.fromEntries(lastRequest()?.form ?? [])).toMatchObject({
      expiring: '1',
      grant_type: 'refresh_token',
      refresh_token: 'rt-1',
      resource: 'https://api.example.com',
    });
    expect(lastRequest()?.headers).toMatchObject({ 'x-version': '7', 'user-agent': 'mine' });
  });

  test('a refresh goes to its own endpoint where there is one', async () => {
    server.answer('/refresh', { json: good });
    await refreshTokens(scripted({ refresh_endpoint: `${server.url}/refresh` }), current, http);
    expect(server.requestsTo('/refresh').at(-1)?.form.get('refresh_token')).toBe('rt-1');
  });
});

describe('the lifetime', () => {
  test('is counted from the sending of the request, not from the answer', async () => {
    const before = clock.now();
    const slow = () => {
      clock.advance(20_000);
      return { json: good };
    };
    server.answer('/token', slow);
    const { expiresAt, obtainedAt } = await refreshTokens(scripted(), current, http);
    expect(obtainedAt).toBe(before);
    expect(expiresAt).toBe(before + 3_600_000);
  });

  test('as numeric text is a number (S0-10)', async () => {
    const { expiresAt, obtainedAt } = await refreshWith({ json: { ...good, expires_in: '7200' } });
    expect((expiresAt ?? 0) - obtainedAt).toBe(7_200_000);
    expect(warnings).toEqual([]);
  });

  test('when missing is the default for tokens that expire, and none for those that do not (S0-09)', async () => {
    const answer = { json: { access_token: 'at-2', token_type: 'Bearer' } };
    const expiring = await refreshWith(answer, scripted({ default_lifetime: 1800 }));
    expect((expiring.expiresAt ?? 0) - expiring.obtainedAt).toBe(1_800_000);
    expect(warnings).toEqual([]);
    expect((await refreshWith(answer, scripted({ tokens_expire: false }))).expiresAt).toBeUndefined();
  });

  test.each(['"bogus"', '""', 'null', '-5', '0', '1e999', '{}', '[60]', 'true', '"NaN"', '"Infinity"'])(
    'given as %s is the default, with one warning and no token in it (S0-10)',
    async (value) => {
      const text = `{"access_token":"canary-access","token_type":"Bearer","expires_in":${value}}`;
      const { expiresAt, obtainedAt } = await refreshWith({ text, headers: { 'content-type': 'application/json' } });
      expect((expiresAt ?? 0) - obtainedAt).toBe(3_600_000);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/"scripted".*expires_in/);
      expect(warnings[0]).not.toContain('canary');
    },
  );

  test('stands in the token itself where only a JWT tells it', async () => {
    const claims = Buffer.from(JSON.stringify({ iat: 1_000, exp: 1_900 })).toString('base64url');
    const { expiresAt, obtainedAt } = await refreshWith({
      json: { access_token: `h.${claims}.s`, token_type: 'Bearer' },
    });
    expect((expiresAt ?? 0) - obtainedAt).toBe(900_000);
  });

  test.each(['refresh_token_expires_in', 'x_refresh_token_expires_in', 'refresh_expires_in'])(
    'of the refresh token is read from %s',
    async (name) => {
      const { refreshExpiresAt, obtainedAt } = await refreshWith({
        json: { ...good, refresh_token: 'rt-2', [name]: 60 },
      });
      expect((refreshExpiresAt ?? 0) - obtainedAt).toBe(60_000);
    },
  );

  test('of a refresh token that use does not prolong stays where it was', async () => {
    const provider: Provider = { ...scripted(), refreshLifetime: { ms: 1_000_000, renewedByUse: false } };
    const { tokenSet } = await redeemWith({ json: { ...good, refresh_token: 'rt-1' } }, provider);
    expect(tokenSet.refreshExpiresAt).toBe(tokenSet.obtainedAt + 1_000_000);
    clock.advance(500_000);
    server.answer('/token', { json: { ...good, refresh_token: 'rt-2' } });
    const renewed = await refreshTokens(provider, tokenSet, http);
    expect(renewed.refreshExpiresAt).toBe(tokenSet.refreshExpiresAt);
    const sliding: Provider = { ...provider, refreshLifetime: { ms: 1_000_000, renewedByUse: true } };
    expect((await refreshTokens(sliding, tokenSet, http)).refreshExpiresAt).toBe(renewed.obtainedAt + 1_000_000);
  });
});

describe('dialects of success', () => {
  test('an ID token that nobody asked for does not spoil the grant', async () => {
    const bad = 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA';
    expect((await refreshWith({ json: { ...good, id_token: bad } })).accessToken.reveal()).toBe('at-2');
  });

  const odd: [string, ScriptedAnswer][] = [
    ['a form', { form: { access_token: 'at-2', token_type: 'bearer', scope: 'read,write' } }],
    ['a form called text', { text: 'access_token=at-2&token_type=bearer&scope=read%20write' }],
    [
      'JSON called text',
      { text: JSON.stringify({ ...good, scope: 'read write' }), headers: { 'content-type': 'text/plain' } },
    ],
    ['status 201', { status: 201, json: { ...good, scope: 'write read' } }],
    ['no token_type', { json: { access_token: 'at-2', scope: 'read write' } }],
    ['token_type bot', { json: { ...good, token_type: 'bot', scope: 'read,write' } }],
    ['token_type user', { json: { ...good, token_type: 'User', scope: 'read write' } }],
    ['a refresh_token of null', { json: { ...good, refresh_token: null, scope: 'read write' } }],
    ['an empty refresh_token', { json: { ...good, refresh_token: '', scope: 'read write' } }],
    ['a scope array', { json: { ...good, scope: ['read', 'write'] } }],
    ['scopes instead of scope', { json: { ...good, scopes: 'read write' } }],
    ['an empty error beside the token', { json: { ...good, error: '', scope: 'read write' } }],
  ];
  test.each(odd)('%s is read', async (_title, answer) => {
    const tokenSet = await refreshWith(answer);
    expect(tokenSet.accessToken.reveal()).toBe('at-2');
    expect(tokenSet).toMatchObject({ tokenType: 'Bearer', scope: ['read', 'write'] });
    expect(tokenSet.refreshToken).toBeUndefined();
  });

  test('a token that is bound to a key is not taken for a bearer token (RFC 9449 5)', async () => {
    expect(await refreshWith({ json: { ...good, token_type: 'DPoP' } })).toMatchObject({ tokenType: 'dpop' });
  });

  test('an answer without a refresh token leaves the old one in force (RFC 6749 6)', async () => {
    const renewed = mergeAfterRefresh(current, await refreshWith({ json: good }));
    expect(renewed.refreshToken?.reveal()).toBe('rt-1');
    expect(renewed.scope).toEqual(['read']);
  });

  test('a missing or empty scope means what was asked for, but for what is never listed (RFC 6749 5.1)', async () => {
    const asked = ['read', 'offline_access'];
    expect((await redeemWith({ json: good }, scripted(), asked)).tokenSet.scope).toEqual(['read']);
    expect((await redeemWith({ json: { ...good, scope: '' } }, scripted(), asked)).tokenSet.scope).toEqual(['read']);
    expect((await redeemWith({ json: { ...good, scope: 'other' } }, scripted(), asked)).tokenSet.scope).toEqual([
      'other',
    ]);
  });
});
