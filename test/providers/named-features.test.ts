/** What single providers are known for, through their records and against a scripted server. */

import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { missingScopeAt, type Provider } from '../../src/core/provider.js';
import { mapEndpoints } from '../../src/core/provider-endpoints.js';
import { Secret } from '../../src/core/secret.js';
import { mergeAfterRefresh } from '../../src/core/token-set.js';
import { buildAuthorizationUrl } from '../../src/protocol/authorization-request.js';
import { redeemAuthorizationCode, refreshTokens } from '../../src/protocol/token-endpoint.js';
import { registeredProvider } from '../support/registered-provider.js';
import { scriptedStage } from '../support/scripted-stage.js';
import { idToken } from './facts/provider-facts.js';

const { server, http } = await scriptedStage();

const client = { client_id: 'client-1', client_secret: 'secret-1' };
const providerOf = (id: string, entry: ProviderEntry = {}) => registeredProvider(id, { ...client, ...entry });

/** The path of the provider's token endpoint at the scripted server. */
const pathOf = ({ tokenEndpoint }: Provider) => tokenEndpoint.replace('https:/', '');
const here = (provider: Provider) => mapEndpoints(provider, (url) => url.replace('https://', `${server.url}/`));

function redeem(provider: Provider, json: object, scope = provider.defaultScope) {
  server.answer(pathOf(provider), { json });
  const request = { code: new Secret('c'), codeVerifier: new Secret('v'), redirectUri: 'https://app/cb' };
  return redeemAuthorizationCode(here(provider), { ...request, requestedScope: scope }, http);
}

/** Redeems a code, refreshes once, and gives what is kept after each. */
async function redeemAndRefresh(provider: Provider, first: object, second: object) {
  const { tokenSet } = await redeem(provider, first);
  server.answer(pathOf(provider), { json: second });
  return [tokenSet, mergeAfterRefresh(tokenSet, await refreshTokens(here(provider), tokenSet, http))] as const;
}

const lastForm = (provider: Provider) => server.requestsTo(pathOf(provider)).at(-1)?.form;
const authorization = (provider: Provider) =>
  new URL(
    buildAuthorizationUrl(provider, {
      state: new Secret('s'),
      codeChallenge: 'c',
      redirectUri: 'https://app/cb',
      scope: provider.defaultScope,
    }),
  );

describe('GitHub', () => {
  test.each(['github', 'github-app'])('%s may be an Enterprise Server, with its API below it', (id) => {
    const parameters = { host: 'git.example.com', api: 'git.example.com/api/v3' };
    expect(providerOf(id, { parameters })).toMatchObject({
      authorizationEndpoint: 'https://git.example.com/login/oauth/authorize',
      tokenEndpoint: 'https://git.example.com/login/oauth/access_token',
      deviceAuthorizationEndpoint: 'https://git.example.com/login/device/code',
      identity: { endpoint: 'https://git.example.com/api/v3/user' },
      revocation: { endpoint: 'https://git.example.com/api/v3/applications/client-1/token' },
    });
  });

  test.each(['github', 'github-app'])('%s: the answer decides whether a token expires', async (id) => {
    const provider = providerOf(id);
    const classic = await redeem(provider, { access_token: 'gho_1', token_type: 'bearer', scope: 'read:user' });
    expect(classic.tokenSet.expiresAt).toBeUndefined();
    expect(classic.tokenSet.refreshToken).toBeUndefined();
    const expiring = { token_type: 'bearer', expires_in: 28_800, refresh_token_expires_in: 15_897_600, scope: '' };
    const [first, second] = await redeemAndRefresh(
      provider,
      { access_token: 'ghu_1', refresh_token: 'ghr_1', ...expiring },
      { access_token: 'ghu_2', refresh_token: 'ghr_2', ...expiring },
    );
    expect((first.expiresAt ?? 0) - first.obtainedAt).toBe(28_800_000);
    expect((first.refreshExpiresAt ?? 0) - first.obtainedAt).toBe(15_897_600_000);
    expect([second.accessToken.reveal(), second.refreshToken?.reveal()]).toEqual(['ghu_2', 'ghr_2']);
  });
});

describe('Google', () => {
  const grant = { access_token: 'at', token_type: 'Bearer', expires_in: 3599, refresh_token: 'rt' };
  const calendar = 'https://www.googleapis.com/auth/calendar.readonly';
  const identity =
    'openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile';

  test('asks for offline access, and for what was granted before to stay granted', () => {
    expect(Object.fromEntries(authorization(providerOf('google')).searchParams)).toMatchObject({
      access_type: 'offline',
      prompt: 'consent',
      include_granted_scopes: 'true',
    });
  });

  test('an answer with more than was asked for is recorded as it is, one with less tells what is missing', async () => {
    const provider = providerOf('google');
    const more = await redeem(provider, { ...grant, scope: `${identity} ${calendar}` });
    expect(more.tokenSet.scope).toContain(calendar);
    expect(missingScopeAt(provider, more.tokenSet.scope, [...provider.defaultScope, calendar])).toEqual([]);
    const less = await redeem(provider, { ...grant, scope: identity }, [...provider.defaultScope, calendar]);
    expect(missingScopeAt(provider, less.tokenSet.scope, [...provider.defaultScope, calendar])).toEqual([calendar]);
  });

  test('the 7 days of an app in testing are noticed, and refreshing does not put them off', async () => {
    const { refresh_token, ...refreshed } = grant;
    const provider = providerOf('google');
    const testing = { ...grant, refresh_token_expires_in: 604_800 };
    const [first, second] = await redeemAndRefresh(provider, testing, refreshed);
    expect((first.refreshExpiresAt ?? 0) - first.obtainedAt).toBe(604_800_000);
    expect(second.refreshExpiresAt).toBe(first.refreshExpiresAt);
    const [, usual] = await redeemAndRefresh(provider, grant, refreshed);
    expect((usual.refreshExpiresAt ?? 0) - usual.obtainedAt).toBe(180 * 86_400_000);
    const [, replaced] = await redeemAndRefresh(provider, testing, grant);
    expect((replaced.refreshExpiresAt ?? 0) - replaced.obtainedAt).toBe(180 * 86_400_000);
  });
});

describe('the end of a refresh token', () => {
  const grant = { access_token: 'at', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt' };

  test('is what the newest answer states, also at LinkedIn, where use does not put it off', async () => {
    const [, renewed] = await redeemAndRefresh(providerOf('linkedin'), grant, { ...grant, refresh_expires_in: 60 });
    expect((renewed.refreshExpiresAt ?? 0) - renewed.obtainedAt).toBe(60_000);
  });

  test('is not that of the one before: where nobody tells it, it is not known', async () => {
    const first = { ...grant, refresh_expires_in: 60 };
    const [stated, renewed] = await redeemAndRefresh(providerOf('gitlab'), first, { ...grant, refresh_token: 'rt-2' });
    expect((stated.refreshExpiresAt ?? 0) - stated.obtainedAt).toBe(60_000);
    expect(renewed.refreshExpiresAt).toBeUndefined();
  });
});

describe('Microsoft', () => {
  const personal = '9188040d-6c67-4c5b-b112-36a304b66dad';
  const answer = (claims: object) => ({
    access_token: 'at',
    token_type: 'Bearer',
    expires_in: 3599,
    id_token: idToken({ tid: 't1', oid: 'o1', sub: 's1', iss: 'https://login.microsoftonline.com/t1/v2.0', ...claims }),
  });

  test.each(['common', 'organizations', 'consumers', personal, 'contoso.onmicrosoft.com'])(
    'tenant %s stands in both endpoints',
    (tenant) => {
      const { authorizationEndpoint, tokenEndpoint } = providerOf('microsoft', { tenant });
      expect(authorizationEndpoint).toBe(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`);
      expect(tokenEndpoint).toBe(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`);
    },
  );

  test('the account is tenant and object id together: one object id in two tenants is two accounts', async () => {
    const provider = providerOf('microsoft');
    expect((await redeem(provider, answer({}))).identity).toMatchObject({ id: 't1:o1' });
    const other = answer({ tid: 't2', iss: 'https://login.microsoftonline.com/t2/v2.0' });
    expect((await redeem(provider, other)).identity).toMatchObject({ id: 't2:o1' });
  });

  test.each([
    ['of another tenant than the token says', 'https://login.microsoftonline.com/t2/v2.0'],
    ['of somebody else', 'https://evil.example/t1/v2.0'],
    ['that is only a template', 'https://login.microsoftonline.com/{tid}/v2.0'],
    ['that is not there', undefined],
  ])('an issuer %s proves no account (issuer template)', async (_title, iss) => {
    const { identity, tokenSet } = await redeem(providerOf('microsoft'), answer({ iss }));
    expect(identity).toBeUndefined();
    expect(tokenSet.accessToken.reveal()).toBe('at');
  });

  test('a certificate takes the place of the secret (private_key_jwt)', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const provider = registeredProvider('microsoft', {
      client_id: 'client-1',
      tenant: 'organizations',
      token_endpoint_auth_method: 'private_key_jwt',
      client_private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      client_key_thumbprint: 'A'.repeat(43),
    });
    await redeem(provider, answer({}));
    const form = lastForm(provider);
    expect(form?.get('client_secret')).toBeNull();
    expect(form?.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    const assertion = form?.get('client_assertion') ?? '';
    expect(decodeProtectedHeader(assertion)).toMatchObject({ 'x5t#S256': 'A'.repeat(43) });
    expect(decodeJwt(assertion)).toMatchObject({ iss: 'client-1', sub: 'client-1', aud: here(provider).tokenEndpoint });
  });
});

describe('Slack', () => {
  const bot = { ok: true, access_token: 'xoxe.xoxb-1', token_type: 'bot', scope: 'chat:write,users:read' };
  const workspace = { team: { id: 'T1', name: 'Acme' }, authed_user: { id: 'U1' } };
  const rotating = { expires_in: 43_200, refresh_token: 'xoxe-1' };

  test('a bot token without rotation lives on', async () => {
    const { tokenSet, identity } = await redeem(providerOf('slack'), { ...bot, ...workspace });
    expect(tokenSet.expiresAt).toBeUndefined();
    expect(tokenSet.scope).toEqual(['chat:write', 'users:read']);
    expect(identity).toEqual({ id: 'T1:U1', name: 'Acme' });
  });

  test('with rotation each refresh brings the next token of the one chain of the workspace', async () => {
    const provider = providerOf('slack');
    const next = { ...bot, ...rotating, access_token: 'xoxe.xoxb-2', refresh_token: 'xoxe-2' };
    const [first, second] = await redeemAndRefresh(provider, { ...bot, ...workspace, ...rotating }, next);
    expect((first.expiresAt ?? 0) - first.obtainedAt).toBe(43_200_000);
    expect(lastForm(provider)?.get('refresh_token')).toBe('xoxe-1');
    expect([second.accessToken.reveal(), second.refreshToken?.reveal()]).toEqual(['xoxe.xoxb-2', 'xoxe-2']);
    expect(provider.sharedChain).toBeDefined();
  });

  test('a user token, asked for by user_scope alone, is taken from where it lies, with its own rotation', async () => {
    const provider = providerOf('slack', { scopes: [], extra_authorization_params: { user_scope: 'search:read' } });
    expect(authorization(provider).searchParams.get('user_scope')).toBe('search:read');
    expect(authorization(provider).searchParams.has('scope')).toBe(false);
    const person = { id: 'U1', scope: 'search:read', access_token: 'xoxe.xoxp-1', token_type: 'user', ...rotating };
    const { tokenSet, identity } = await redeem(provider, { ok: true, team: workspace.team, authed_user: person });
    expect(tokenSet.accessToken.reveal()).toBe('xoxe.xoxp-1');
    expect(tokenSet.refreshToken?.reveal()).toBe('xoxe-1');
    expect((tokenSet.expiresAt ?? 0) - tokenSet.obtainedAt).toBe(43_200_000);
    expect(tokenSet.scope).toEqual(['search:read']);
    expect(identity?.id).toBe('T1:U1');
  });
});
