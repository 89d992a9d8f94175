import { inspect } from 'node:util';
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
import { scriptTokens } from '../support/scripted-tokens.js';

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

describe('what a refusal means', () => {
  const dead = { code: 'grant_refused', whoMustAct: 'user' };
  const ours = { code: 'provider_misconfigured', whoMustAct: 'operator' };
  const unclear = { code: 'provider_error', whoMustAct: 'nobody' };
  const notDone = { code: 'provider_unavailable', reached: 'no' };
  const maybeDone = { code: 'provider_unavailable', reached: 'unknown' };
  const table: [string, ScriptedAnswer, object][] = [
    ['400 invalid_grant', { status: 400, json: { error: 'invalid_grant' } }, dead],
    ['401 invalid_grant', { status: 401, json: { error: 'invalid_grant' } }, dead],
    ['403 invalid_grant', { status: 403, json: { error: 'invalid_grant' } }, dead],
    ['200 invalid_grant', { json: { error: 'invalid_grant' } }, dead],
    ['a form with invalid_grant', { status: 400, form: { error: 'invalid_grant' } }, dead],
    [
      '401 invalid_client with a challenge',
      { status: 401, json: { error: 'invalid_client' }, headers: { 'www-authenticate': 'Basic realm="as"' } },
      { ...ours, oauthError: 'invalid_client' },
    ],
    ['400 unauthorized_client', { status: 400, json: { error: 'unauthorized_client' } }, ours],
    ['400 unsupported_grant_type', { status: 400, json: { error: 'unsupported_grant_type' } }, ours],
    ['400 invalid_scope', { status: 400, json: { error: 'invalid_scope' } }, ours],
    ['400 invalid_target', { status: 400, json: { error: 'invalid_target' } }, ours],
    ['400 redirect_uri_mismatch', { status: 400, json: { error: 'redirect_uri_mismatch' } }, ours],
    ['404 without a code', { status: 404, text: 'Not found' }, ours],
    ['401 without a code', { status: 401 }, ours],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example.com' } }, ours],
    ['429 as text', { status: 429, text: 'slow down' }, notDone],
    ['429 whatever the body says', { status: 429, json: { error: 'invalid_grant' } }, notDone],
    ['503', { status: 503 }, notDone],
    ['403 with rate headers', { status: 403, headers: { 'x-ratelimit-remaining': '0' } }, notDone],
    ['400 temporarily_unavailable', { status: 400, json: { error: 'temporarily_unavailable' } }, notDone],
    ['500 with a code', { status: 500, json: { error: 'invalid_grant' } }, maybeDone],
    [
      '502 as HTML',
      { status: 502, text: '<html>Bad gateway</html>', headers: { 'content-type': 'text/html' } },
      maybeDone,
    ],
    ['504', { status: 504 }, maybeDone],
    ['400 server_error', { status: 400, json: { error: 'server_error' } }, maybeDone],
    ['a cut connection', { cut: 'at_once' }, maybeDone],
    ['a code that only contains invalid_grant', { status: 400, json: { error: 'not_invalid_grant' } }, unclear],
    [
      'a description that says invalid_grant',
      { status: 400, json: { error: 'odd', error_description: 'invalid_grant' } },
      unclear,
    ],
    ['Invalid_Grant in other letters', { status: 400, json: { error: 'INVALID_GRANT' } }, unclear],
    ['400 as HTML that says invalid_grant', { status: 400, text: '<p>error=invalid_grant</p>' }, unclear],
    ['400 invalid_request', { status: 400, json: { error: 'invalid_request' } }, unclear],
    ['403 as HTML', { status: 403, text: '<html>' }, unclear],
    ['200 as HTML', { text: '<html>', headers: { 'content-type': 'text/html' } }, unclear],
    ['200 with broken JSON', { text: '{"access_token":' }, unclear],
    ['200 with an array', { text: '[]' }, unclear],
    ['200 without an access token', { json: { token_type: 'Bearer' } }, unclear],
    ['200 with an empty access token', { json: { ...good, access_token: '' } }, unclear],
    ['200 with a number as access token', { json: { ...good, access_token: 7 } }, unclear],
    ['200 with a token of unknown kind', { json: { ...good, token_type: 'mac' } }, unclear],
    ['200 ok:false without a code', { json: { ok: false } }, unclear],
    ['204', { status: 204 }, unclear],
  ];
  test.each(table)('%s (threats R14-R16)', async (_title, answer, expected) => {
    await expect(refreshWith(answer)).rejects.toMatchObject(expected);
  });

  test('a connection that was refused reached nobody', async () => {
    const gone = await startScriptedServer();
    await gone.close();
    const provider = registeredProvider('gone', entryAt(gone.url));
    await expect(refreshTokens(provider, current, http)).rejects.toMatchObject(notDone);
  });

  test('an answer over the limit may have been a good one', async () => {
    await expect(refreshWith({ text: `{"x":"${'x'.repeat(1024 * 1024)}"}` })).rejects.toMatchObject(maybeDone);
  });
});

describe('Retry-After (RFC 9110 10.2.3)', () => {
  const httpDate = () => new Date(Math.ceil(clock.now() / 1000) * 1000 + 90_000).toUTCString();
  const table: [string, () => string, number][] = [
    ['seconds', () => '7', 7_000],
    ['decimal seconds', () => '1.5', 1_500],
    ['a date', httpDate, 90_000],
    ['a date that has passed', () => 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['more than an hour', () => '999999', 3_600_000],
    ['garbage', () => 'soon', 30_000],
    ['a negative number', () => '-5', 30_000],
    ['a bare year, which lenient parsers take for a date', () => '2050-01', 30_000],
  ];
  test.each(table)('as %s', async (_title, value, expected) => {
    const failed = refreshWith({ status: 429, headers: { 'retry-after': value() } });
    await expect(failed).rejects.toMatchObject({ retryAfterMs: expected });
  });

  test('may stand in the body instead', async () => {
    const failed = refreshWith({ status: 429, json: { retry_after: 0.25 } });
    await expect(failed).rejects.toMatchObject({ retryAfterMs: 250 });
  });

  test('when missing is not invented', async () => {
    const error: unknown = await refreshWith({ status: 503 }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'provider_unavailable', retryAfterMs: undefined });
  });
});

test('no error shows a token, code, secret, verifier or answer, however it is printed (S0-17)', async () => {
  const canaries = ['canary-at', 'canary-rt', 'canary-secret', 'canary-code', 'canary-verifier', 'canary-body'];
  const provider = scripted({ client_secret: 'canary-secret' });
  const set: TokenSet = { ...current, accessToken: new Secret('canary-at'), refreshToken: new Secret('canary-rt') };
  const redeem = () =>
    redeemAuthorizationCode(
      provider,
      {
        code: new Secret('canary-code'),
        codeVerifier: new Secret('canary-verifier'),
        redirectUri: 'https://app.example.com/cb',
        requestedScope: [],
      },
      http,
    );
  const leaky = { access_token: 'canary-at', refresh_token: 'canary-rt', note: 'canary-body' };
  const answers: ScriptedAnswer[] = [
    { json: { ...leaky, access_token: 9 } },
    { json: { ...leaky, token_type: 'canary-body' } },
    { json: { ...leaky, expires_in: 'canary-body', token_type: 'mac' } },
    { status: 400, json: { ...leaky, error: 'invalid_grant', error_description: 'canary-body canary-rt' } },
    { status: 400, json: { error: 'canary-body\n"canary-rt"' } },
    { status: 401, json: { error: 'invalid_client' }, headers: { 'www-authenticate': 'Basic realm="canary-body"' } },
    { status: 500, text: 'canary-body' },
    { status: 302, headers: { location: 'https://example.com/?canary-body' } },
    { cut: 'at_once' },
  ];
  for (const answer of answers) {
    server.answer('/token', answer);
    for (const attempt of [refreshTokens(provider, set, http), redeem()]) {
      const error: unknown = await attempt.catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      const printed = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)];
      if (error instanceof Error) printed.push(error.stack ?? '', inspect(error.cause));
      for (const canary of canaries) expect(printed.join('\n')).not.toContain(canary);
    }
  }
});

test('the scripted server punishes reuse, as it is asked to (test support)', async () => {
  const tokens = scriptTokens(server, { rotation: 'strict', now: clock.now });
  const first: TokenSet = { ...current, refreshToken: new Secret(tokens.grant().refresh_token) };
  const second = await refreshTokens(scripted(), first, http);
  await expect(refreshTokens(scripted(), first, http)).rejects.toMatchObject({ code: 'grant_refused' });
  await expect(refreshTokens(scripted(), second, http)).rejects.toMatchObject({ code: 'grant_refused' });
  const lenient = scriptTokens(server, { rotation: 'grace', graceMs: 1_000, now: clock.now });
  const third: TokenSet = { ...current, refreshToken: new Secret(lenient.grant().refresh_token) };
  await refreshTokens(scripted(), third, http);
  await refreshTokens(scripted(), third, http);
  clock.advance(2_000);
  await expect(refreshTokens(scripted(), third, http)).rejects.toMatchObject({ code: 'grant_refused' });
  expect(lenient.refreshCount()).toBe(3);
});
