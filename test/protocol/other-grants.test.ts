import { describe, expect, test } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { Secret } from '../../src/core/secret.js';
import { requestClientCredentials } from '../../src/protocol/client-credentials.js';
import { pollDeviceToken, startDeviceAuthorization } from '../../src/protocol/device-authorization.js';
import { refreshTokens } from '../../src/protocol/token-endpoint.js';
import { exchangeToken } from '../../src/protocol/token-exchange.js';
import { createManualClock } from '../support/clock.js';
import { registeredProvider } from '../support/registered-provider.js';
import { entryAt } from '../support/scripted-server.js';
import { scriptedStage } from '../support/scripted-stage.js';

const clock = createManualClock();
const { server, http } = await scriptedStage({ now: clock.now });

const scripted = (overrides: Partial<ProviderEntry> = {}) =>
  registeredProvider(
    'scripted',
    entryAt(server.url, { device_authorization_endpoint: `${server.url}/device`, ...overrides }),
  );
const lastForm = (path = '/token') => Object.fromEntries(server.requestsTo(path).at(-1)?.form ?? []);
const client = { client_id: 'scripted-client', client_secret: 'scripted-secret' };
const token = { access_token: 'at', token_type: 'Bearer', expires_in: 60 };

test('a fixed identity refreshes with a scope of its own, joined by its delimiter (S0-04)', async () => {
  server.answer('/token', { json: token });
  const provider = scripted({ source: 'refresh_token', scope_separator: ',', scopes: ['a', 'b'] });
  const current = { accessToken: new Secret('at-0'), refreshToken: new Secret('rt-1'), tokenType: 'Bearer', scope: [] };
  const tokenSet = await refreshTokens(provider, { ...current, obtainedAt: clock.now() }, http);
  expect(lastForm()).toEqual({ ...client, grant_type: 'refresh_token', refresh_token: 'rt-1', scope: 'a,b' });
  expect(tokenSet.scope).toEqual(['a', 'b']);
});

test('client credentials ask for a token of our own (RFC 6749 4.4.2)', async () => {
  server.answer('/token', { json: token });
  const tokenSet = await requestClientCredentials(scripted(), { scope: ['read'] }, http);
  expect(lastForm()).toEqual({ ...client, grant_type: 'client_credentials', scope: 'read' });
  expect(tokenSet).toMatchObject({ scope: ['read'], expiresAt: clock.now() + 60_000 });
});

describe('token exchange', () => {
  const subjectToken = new Secret('subject-1');
  const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const accessType = 'urn:ietf:params:oauth:token-type:access_token';

  test('says what kind of token it brings, since RFC 8693 2.1 requires it (S0-19)', async () => {
    server.answer('/token', { json: { ...token, issued_token_type: accessType } });
    await exchangeToken(scripted(), { subjectToken, scope: ['read'], resource: 'https://api' }, http);
    expect(lastForm()).toEqual({
      ...client,
      grant_type: exchangeType,
      subject_token: 'subject-1',
      subject_token_type: accessType,
      scope: 'read',
      resource: 'https://api',
    });
  });

  test('leaves the kind out when told so', async () => {
    server.answer('/token', { json: token });
    await exchangeToken(scripted(), { subjectToken, scope: [], subjectTokenType: null }, http);
    expect(lastForm()).toEqual({ ...client, grant_type: exchangeType, subject_token: 'subject-1' });
  });

  test('takes the form of Microsoft’s on-behalf-of, whose extra parameters win (S0-18)', async () => {
    server.answer('/token', { json: token });
    const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    const provider = scripted({ extra_token_params: { requested_token_use: 'on_behalf_of', scope: 'over' } });
    await exchangeToken(
      provider,
      { subjectToken, scope: ['read'], grantType, subjectTokenParameter: 'assertion' },
      http,
    );
    expect(lastForm()).toEqual({
      ...client,
      grant_type: grantType,
      assertion: 'subject-1',
      requested_token_use: 'on_behalf_of',
      scope: 'over',
    });
  });
});

describe('device authorization (RFC 8628)', () => {
  const answer = { device_code: 'dc-1', user_code: 'ABCD-EFGH', verification_uri: 'https://as.example.com/device' };
  const poll = () => pollDeviceToken(scripted(), { deviceCode: new Secret('dc-1'), requestedScope: ['read'] }, http);

  test('starts with client and scope, and tells what the person must do', async () => {
    server.answer('/device', { json: { ...answer, expires_in: 900, interval: 7 } });
    expect(await startDeviceAuthorization(scripted(), { scope: ['read'] }, http)).toMatchObject({
      userCode: 'ABCD-EFGH',
      verificationUri: 'https://as.example.com/device',
      expiresAt: clock.now() + 900_000,
      intervalMs: 7_000,
    });
    expect(lastForm('/device')).toEqual({ ...client, scope: 'read' });
  });

  test('reads Google’s verification_url, and polls every 5 s unless told', async () => {
    const { verification_uri, ...google } = answer;
    server.answer('/device', { json: { ...google, verification_url: 'https://google.com/device', expires_in: '600' } });
    expect(await startDeviceAuthorization(scripted(), { scope: [] }, http)).toMatchObject({
      verificationUri: 'https://google.com/device',
      intervalMs: 5_000,
    });
  });

  test.each([
    ['a refusal', { status: 401, json: { error: 'invalid_client' } }, 'provider_misconfigured'],
    ['an answer that lacks something', { json: { device_code: 'x' } }, 'provider_error'],
    ['a link that is no web address', { json: { ...answer, verification_uri: 'javascript:1' } }, 'provider_error'],
  ])('fails for %s', async (_title, json, code) => {
    server.answer('/device', json);
    await expect(startDeviceAuthorization(scripted(), { scope: [] }, http)).rejects.toMatchObject({ code });
  });

  test('polls until there is a token', async () => {
    server.answer(
      '/token',
      { status: 400, json: { error: 'authorization_pending' } },
      { status: 428, json: { error: 'authorization_pending' } },
      { status: 400, json: { error: 'slow_down' } },
      { json: { ...token, refresh_token: 'rt' } },
    );
    expect([await poll(), await poll(), await poll()].map(({ kind }) => kind)).toEqual([
      'pending',
      'pending',
      'slow_down',
    ]);
    expect(await poll()).toMatchObject({ kind: 'granted', response: { tokenSet: { scope: ['read'] } } });
    expect(lastForm()).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'dc-1',
    });
  });

  test('knows when the refresh token ends, and leaves out what the provider never lists', async () => {
    server.answer('/token', { json: { ...token, refresh_token: 'rt', refresh_token_expires_in: 86_400 } });
    const request = { deviceCode: new Secret('dc-1'), requestedScope: ['offline_access', 'User.Read'] };
    const granted = await pollDeviceToken(scripted({ template: 'microsoft' }), request, http);
    const tokenSet = { scope: ['User.Read'], refreshExpiresAt: clock.now() + 86_400_000 };
    expect(granted).toMatchObject({ kind: 'granted', response: { tokenSet } });
  });

  test.each(['access_denied', 'expired_token'])('ends with %s', async (error) => {
    server.answer('/token', { status: 400, json: { error } });
    await expect(poll()).rejects.toMatchObject({ code: 'grant_refused', oauthError: error });
  });
});
