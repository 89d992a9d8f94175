import { afterAll, describe, expect, test } from 'vitest';
import { readAuthorizationResponse } from '../../src/core/authorization-response.js';
import { missingScopeAt, type Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import { mergeAfterRefresh } from '../../src/core/token-set.js';
import {
  buildAuthorizationUrl,
  codeChallengeOf,
  createCodeVerifier,
} from '../../src/protocol/authorization-request.js';
import { createHttp } from '../../src/protocol/http.js';
import { fetchIdentity } from '../../src/protocol/identity.js';
import { revokeTokens } from '../../src/protocol/revocation.js';
import { redeemAuthorizationCode, refreshTokens, type TokenResponse } from '../../src/protocol/token-endpoint.js';
import { type EmulatedService, startEmulate } from '../support/authorization-servers.js';
import { approve } from '../support/browser-walk.js';
import { registeredProvider } from '../support/registered-provider.js';

const redirectUri = 'http://127.0.0.1:9/callback';
const http = createHttp({ allowInsecureLoopback: true });
const closing: (() => Promise<void>)[] = [() => http.close()];
afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
});

async function emulated(service: EmulatedService): Promise<Provider> {
  const server = await startEmulate(service, redirectUri);
  closing.push(() => server.close());
  return registeredProvider(service, server.entry);
}

async function connect(provider: Provider): Promise<TokenResponse & { code: Secret; codeVerifier: Secret }> {
  const codeVerifier = createCodeVerifier();
  const codeChallenge = await codeChallengeOf(codeVerifier);
  const scope = provider.defaultScope;
  const url = buildAuthorizationUrl(provider, { state: new Secret('s'), codeChallenge, redirectUri, scope });
  const back = await approve(url, redirectUri, { person: 'ada' });
  const response = readAuthorizationResponse(back.searchParams, provider);
  if ('error' in response) throw new Error(response.error);
  const { code } = response;
  const redeemed = await redeemAuthorizationCode(
    provider,
    { code, codeVerifier, redirectUri, requestedScope: scope },
    http,
  );
  return { ...redeemed, code, codeVerifier };
}

describe('github', () => {
  test('gives a token without end or refresh token, and the identity by number', async () => {
    const github = await emulated('github');
    const { tokenSet } = await connect(github);
    expect(tokenSet).toMatchObject({ tokenType: 'Bearer', scope: ['read:user', 'user:email'] });
    expect(tokenSet.expiresAt).toBeUndefined();
    expect(tokenSet.refreshToken).toBeUndefined();
    const identity = await fetchIdentity(github, tokenSet, http);
    expect(identity).toMatchObject({
      id: expect.stringMatching(/^\d+$/),
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    });
  });

  test('a spent code, answered with status 200, is a void grant', async () => {
    const github = await emulated('github');
    const { code, codeVerifier } = await connect(github);
    const again = redeemAuthorizationCode(github, { code, codeVerifier, redirectUri, requestedScope: [] }, http);
    await expect(again).rejects.toMatchObject({
      code: 'grant_refused',
      oauthError: 'bad_verification_code',
      status: 200,
    });
  });

  test('a wrong secret, answered with status 200, is ours to mend', async () => {
    const github = await emulated('github');
    await expect(connect({ ...github, clientSecret: new Secret('wrong') })).rejects.toMatchObject({
      code: 'provider_misconfigured',
      oauthError: 'incorrect_client_credentials',
    });
  });
});

describe('google', () => {
  test('gives a refresh token for offline access and none on refresh, so that the old one is kept', async () => {
    const google = await emulated('google');
    const { tokenSet } = await connect(google);
    expect(tokenSet.refreshToken).toBeDefined();
    expect(missingScopeAt(google, tokenSet.scope, google.defaultScope)).toEqual([]);
    const answer = await refreshTokens(google, tokenSet, http);
    expect(answer.refreshToken).toBeUndefined();
    const renewed = mergeAfterRefresh(tokenSet, answer);
    expect(renewed.refreshToken?.reveal()).toBe(tokenSet.refreshToken?.reveal());
    expect(renewed.accessToken.reveal()).not.toBe(tokenSet.accessToken.reveal());
    expect(await fetchIdentity(google, renewed, http)).toMatchObject({
      email: 'ada@example.com',
      name: 'Ada Lovelace',
    });
  });

  test('revokes with the token alone, after which the grant is dead', async () => {
    const google = await emulated('google');
    const { tokenSet } = await connect(google);
    expect(await revokeTokens(google, tokenSet, http)).toBe('yes');
    await expect(refreshTokens(google, tokenSet, http)).rejects.toMatchObject({ code: 'grant_refused' });
  });
});

describe('microsoft', () => {
  test('names the account by tenant and object id of the ID token, which is not validated', async () => {
    const microsoft = await emulated('microsoft');
    const { tokenSet, identity } = await connect(microsoft);
    expect(identity).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}:[0-9a-f-]{36}$/),
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    });
    expect(missingScopeAt(microsoft, tokenSet.scope, microsoft.defaultScope)).toEqual([]);
    const renewed = await refreshTokens(microsoft, tokenSet, http);
    expect(renewed.refreshToken?.reveal()).not.toBe(tokenSet.refreshToken?.reveal());
    expect(await revokeTokens(microsoft, renewed, http)).toBe('unsupported');
  });
});

test('slack: a token of type bot is a bearer token, and the installing person is the account', async () => {
  // emulate reads the credentials in the body only; Slack itself reads both.
  const slack: Provider = { ...(await emulated('slack')), clientAuthentication: 'client_secret_post' };
  const { tokenSet, identity } = await connect(slack);
  expect(tokenSet.tokenType).toBe('Bearer');
  expect(identity?.id).toMatch(/^T\w+:U\w+$/);
});

test('linear: rotates, and scopes come back as they were asked for with commas', async () => {
  const linear = await emulated('linear');
  const { tokenSet } = await connect(linear);
  expect(tokenSet.scope).toEqual(['read']);
  const renewed = await refreshTokens(linear, tokenSet, http);
  expect(renewed.refreshToken?.reveal()).not.toBe(tokenSet.refreshToken?.reveal());
  await expect(refreshTokens(linear, tokenSet, http)).rejects.toMatchObject({ code: 'grant_refused' });
});
