import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAuthorizationResponse } from '../../src/core/authorization-response.js';
import type { Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import {
  buildAuthorizationUrl,
  codeChallengeOf,
  createCodeVerifier,
} from '../../src/protocol/authorization-request.js';
import { createHttp } from '../../src/protocol/http.js';
import { fetchIdentity } from '../../src/protocol/identity.js';
import { revokeTokens } from '../../src/protocol/revocation.js';
import { redeemAuthorizationCode, refreshTokens, type TokenResponse } from '../../src/protocol/token-endpoint.js';
import { type AuthorizationServer, startOidcProvider } from '../support/authorization-servers.js';
import { approve } from '../support/browser-walk.js';
import { registeredProvider } from '../support/registered-provider.js';

const redirectUri = 'http://127.0.0.1:9/oauth/strict/callback';
const awkwardSecret = 'a:b%c+d-e.f_g~h!(i)';
const http = createHttp({ allowInsecureLoopback: true });
let server: AuthorizationServer;
let provider: Provider;

beforeAll(async () => {
  server = await startOidcProvider({ redirectUri, clientSecret: awkwardSecret });
  provider = registeredProvider('strict', server.entry);
});
afterAll(async () => {
  await http.close();
  await server.close();
});

async function authorize(at: Provider, verifier: Secret): Promise<Secret> {
  const state = new Secret('state-of-this-test');
  const codeChallenge = await codeChallengeOf(verifier);
  const url = buildAuthorizationUrl(at, { state, codeChallenge, redirectUri, scope: at.defaultScope });
  const back = await approve(url, redirectUri, { person: 'ada' });
  const response = readAuthorizationResponse(back.searchParams, at);
  if ('error' in response) throw new Error(response.error);
  expect(response.state).toBe('state-of-this-test');
  return response.code;
}

async function connect(at: Provider = provider): Promise<TokenResponse> {
  const codeVerifier = createCodeVerifier();
  const code = await authorize(at, codeVerifier);
  return redeemAuthorizationCode(at, { code, codeVerifier, redirectUri, requestedScope: at.defaultScope }, http);
}

test('redeems a code with PKCE and iss, authenticating with a secret full of reserved characters (RFC 6749 2.3.1)', async () => {
  const { tokenSet } = await connect();
  expect(tokenSet.tokenType).toBe('Bearer');
  expect(tokenSet.refreshToken).toBeInstanceOf(Secret);
  expect((tokenSet.expiresAt ?? 0) - tokenSet.obtainedAt).toBe(3_600_000);
  expect(await fetchIdentity(provider, tokenSet, http)).toEqual({
    id: 'ada',
    name: 'Name of ada',
    email: 'ada@example.com',
  });
});

test('takes the secret in the body too (RFC 6749 2.3.1)', async () => {
  const post = await startOidcProvider({ redirectUri, clientAuthentication: 'client_secret_post' });
  try {
    const { tokenSet } = await connect(registeredProvider('strict', post.entry));
    expect(tokenSet.accessToken.reveal()).not.toBe('');
  } finally {
    await post.close();
  }
});

test('a code with another verifier is refused as a void grant (RFC 7636 4.6)', async () => {
  const code = await authorize(provider, createCodeVerifier());
  const wrong = createCodeVerifier();
  const redeemed = redeemAuthorizationCode(
    provider,
    { code, codeVerifier: wrong, redirectUri, requestedScope: [] },
    http,
  );
  await expect(redeemed).rejects.toMatchObject({ code: 'grant_refused', oauthError: 'invalid_grant', status: 400 });
});

test('rotates refresh tokens, and a second use of an old one ends the family (RFC 9700 4.14.2)', async () => {
  const first = (await connect()).tokenSet;
  const second = await refreshTokens(provider, first, http);
  expect(second.refreshToken?.reveal()).not.toBe(first.refreshToken?.reveal());
  await expect(refreshTokens(provider, first, http)).rejects.toMatchObject({ code: 'grant_refused' });
  await expect(refreshTokens(provider, second, http)).rejects.toMatchObject({ code: 'grant_refused' });
});

test('revokes the refresh token, after which the grant is dead (RFC 7009 2.1)', async () => {
  const { tokenSet } = await connect();
  expect(await revokeTokens(provider, tokenSet, http)).toBe('yes');
  await expect(refreshTokens(provider, tokenSet, http)).rejects.toMatchObject({ code: 'grant_refused' });
});

test('a wrong client secret is our fault, not the grant’s, although the 401 bears a challenge (RFC 6749 5.2)', async () => {
  const { tokenSet } = await connect();
  const wrong = { ...provider, clientSecret: new Secret('wrong') };
  await expect(refreshTokens(wrong, tokenSet, http)).rejects.toMatchObject({
    code: 'provider_misconfigured',
    whoMustAct: 'operator',
    oauthError: 'invalid_client',
    status: 401,
  });
  expect((await refreshTokens(provider, tokenSet, http)).refreshToken).toBeDefined();
});

test('sends the resource with every request, so that tokens are for it (RFC 8707 2)', async () => {
  const resource = 'https://api.example.com/mcp';
  const guarded = await startOidcProvider({ redirectUri, resource });
  try {
    const at = { ...registeredProvider('strict', guarded.entry), defaultScope: ['openid', 'offline_access', 'read'] };
    const { tokenSet } = await connect(at);
    const renewed = await refreshTokens(at, tokenSet, http);
    const introspected = await fetch(`${guarded.url}/token/introspection`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${at.clientId}:${at.clientSecret?.reveal()}`)}` },
      body: new URLSearchParams({ token: renewed.accessToken.reveal() }),
    });
    expect(await introspected.json()).toMatchObject({ active: true, aud: resource });
  } finally {
    await guarded.close();
  }
});
