import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import type { Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import type { TokenSet } from '../../src/core/token-set.js';
import { redeemAuthorizationCode, refreshTokens } from '../../src/protocol/token-endpoint.js';
import { createManualClock } from '../support/clock.js';
import { registeredProvider } from '../support/registered-provider.js';
import { entryAt, type ScriptedAnswer, startScriptedServer } from '../support/scripted-server.js';
import { scriptedStage } from '../support/scripted-stage.js';

const clock = createManualClock();
const { server, http } = await scriptedStage({ deadlineMs: 2_000, now: clock.now });

const good = { access_token: 'at-2', token_type: 'Bearer', expires_in: 3600 };
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

describe('what a refusal means', () => {
  const dead = { code: 'grant_refused', whoMustAct: 'user' };
  const ours = { code: 'provider_misconfigured', whoMustAct: 'operator' };
  const unclear = { code: 'provider_error', whoMustAct: 'nobody' };
  const noTokens = { ...unclear, provider: 'scripted', status: 200, message: expect.stringContaining('status 200') };
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
    ['403 with Retry-After', { status: 403, headers: { 'retry-after': '60' } }, notDone],
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
    ['200 without an access token', { json: { token_type: 'Bearer' } }, noTokens],
    ['200 with an empty access token', { json: { ...good, access_token: '' } }, noTokens],
    ['200 with a number as access token', { json: { ...good, access_token: 7 } }, noTokens],
    ['200 with a line break in the access token', { json: { ...good, access_token: 'at\r\nX-Odd: 1' } }, noTokens],
    ['200 with an access token that is no ASCII', { json: { ...good, access_token: 'ät' } }, noTokens],
    ['200 with a token of unknown kind', { json: { ...good, token_type: 'mac' } }, noTokens],
    ['200 with a number as the kind of token', { json: { ...good, token_type: 7 } }, noTokens],
    ['200 ok:false without a code', { json: { ok: false } }, unclear],
    ['204', { status: 204 }, unclear],
  ];
  test.each(table)('%s (threats R14-R16)', async (_title, answer, expected) => {
    await expect(refreshWith(answer)).rejects.toMatchObject(expected);
  });

  test('Microsoft’s word that one directory has switched us off is about its people alone (AADSTS7000112)', async () => {
    const microsoft = scripted({ template: 'microsoft' }, 'microsoft');
    const refusal = (...codes: readonly number[]) => ({ error: 'unauthorized_client', error_codes: codes });
    const failed = (json: object) => refreshWith({ status: 400, json }, microsoft);
    await expect(failed(refusal(7000112))).rejects.toMatchObject(unclear);
    await expect(failed(refusal(700016))).rejects.toMatchObject(ours);
  });

  test('a word that nobody knows is not told: it may be the token that was sent', async () => {
    const microsoft = scripted({ template: 'microsoft' }, 'microsoft');
    const echo = { status: 400, json: { error: 'rt-1', error_codes: [50173] } };
    await expect(refreshWith(echo, microsoft)).rejects.toMatchObject({ ...dead, oauthError: 'refused' });
    const own = { status: 400, json: { error: 'consent_required', error_codes: [50173] } };
    await expect(refreshWith(own, microsoft)).rejects.toMatchObject({ ...dead, oauthError: 'consent_required' });
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
    ['decimal seconds', () => '1.25', 1_250],
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

  test('as a date in its oldest form, which names no zone, means GMT wherever this runs (RFC 9110 5.6.7)', async () => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    // `Wed, 21 Oct 2015 07:28:00 GMT` as `Wed Oct 21 07:28:00 2015`.
    const [week = '', day, month, year, time] = httpDate().split(' ');
    const value = `${week.replace(',', '')} ${month} ${day} ${time} ${year}`;
    const failed = refreshWith({ status: 429, headers: { 'retry-after': value } });
    await expect(failed).rejects.toMatchObject({ retryAfterMs: 90_000 });
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
    for (const attempt of [() => refreshTokens(provider, set, http), redeem]) {
      const error: unknown = await attempt().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      const printed = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)];
      if (error instanceof Error) printed.push(error.stack ?? '', inspect(error.cause));
      for (const canary of canaries) expect(printed.join('\n')).not.toContain(canary);
    }
  }
});
