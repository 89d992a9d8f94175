import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { catalogue, createRegistry } from '../../providers/index.js';
import { missingScopeAt, type Provider } from '../../src/core/provider.js';
import { mapEndpoints, withParameters } from '../../src/core/provider-endpoints.js';
import { Secret } from '../../src/core/secret.js';
import type { TokenSet } from '../../src/core/token-set.js';
import { buildAuthorizationUrl } from '../../src/protocol/authorization-request.js';
import { fetchIdentity } from '../../src/protocol/identity.js';
import { revokeTokens } from '../../src/protocol/revocation.js';
import { fetchSites } from '../../src/protocol/sites.js';
import { redeemAuthorizationCode, refreshTokens } from '../../src/protocol/token-endpoint.js';
import type { ScriptedAnswer, ScriptedRequest } from '../support/scripted-server.js';
import { scriptedStage } from '../support/scripted-stage.js';
import type { ProviderFacts } from './facts/provider-facts.js';
import { facts } from './facts.js';

const { server, http } = await scriptedStage();
const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

/** The provider as configuration makes it, for one connection. */
function providerOf(id: string, { parameters, client }: ProviderFacts): Provider {
  const key = { client_private_key: privateKey.toString(), client_key_id: 'k', client_key_issuer: 'team' };
  const credentials = client === 'signed' ? key : { client_secret: 'secret-1' };
  const [provider] = createRegistry({ [id]: { client_id: 'client-1', ...credentials } }).configured();
  if (!provider) throw new TypeError(`${id} is not configured`);
  return withParameters(provider, parameters);
}

/** `https://host/path` as `/host/path` of the scripted server. */
const pathOf = (url: string) => new URL(url.replace('https://', 'http://scripted/')).pathname;
const here = (provider: Provider) => mapEndpoints(provider, (url) => url.replace('https://', `${server.url}/`));

const tokens: TokenSet = {
  accessToken: new Secret('at-1'),
  refreshToken: new Secret('rt-1'),
  tokenType: 'Bearer',
  obtainedAt: 0,
  scope: [],
};

function redeem(provider: Provider, fact: ProviderFacts, answer: ScriptedAnswer) {
  server.answer(pathOf(fact.token), answer);
  const request = { code: new Secret('code-1'), codeVerifier: new Secret('verifier-1'), redirectUri: 'https://app/cb' };
  return redeemAuthorizationCode(here(provider), { ...request, requestedScope: provider.defaultScope }, http);
}

function refreshWith(provider: Provider, fact: ProviderFacts, answer: ScriptedAnswer) {
  server.answer(pathOf(fact.refresh ?? fact.token), answer);
  return refreshTokens(here(provider), tokens, http);
}

/** Fields of a request and how the client showed itself. */
function readRequest(request: ScriptedRequest | undefined): { fields: Record<string, string>; client: string } {
  if (!request) throw new TypeError('nothing was asked');
  const isJson = request.headers['content-type'] === 'application/json';
  const all: Record<string, string> = isJson ? JSON.parse(request.body) : Object.fromEntries(request.form);
  const { client_id, client_secret, ...fields } = all;
  const { authorization } = request.headers;
  if (authorization === `Basic ${btoa('client-1:secret-1')}`) return { fields, client: 'basic' };
  if (authorization === `Basic ${btoa('secret-1:')}`) return { fields, client: 'secret_as_user' };
  if (client_secret === 'secret-1') return { fields, client: 'post' };
  if (client_secret !== undefined) return { fields, client: 'signed' };
  return { fields, client: client_id === 'client-1' ? 'client_id' : 'none' };
}

test('every provider of the catalogue is held against facts', () => {
  expect(Object.keys(facts).sort()).toEqual([...catalogue.keys()].sort());
});

describe.each(Object.entries(facts))('%s', (id, fact) => {
  const provider = providerOf(id, fact);
  const answer = { access_token: 'at-2', ...fact.answer };

  test('authorization request', () => {
    const scope = provider.defaultScope;
    const request = { state: new Secret('s'), codeChallenge: 'c', redirectUri: 'https://app/cb', scope };
    const url = new URL(buildAuthorizationUrl(provider, request));
    expect(url.origin + url.pathname).toBe(fact.authorize);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: 'https://app/cb',
      state: 's',
      ...(fact.scope !== undefined && { scope: fact.scope }),
      ...(fact.pkce && { code_challenge: 'c', code_challenge_method: 'S256' }),
      ...fact.extra,
    });
  });

  test('code redemption, and what its answer means', async () => {
    const { tokenSet, identity } = await redeem(provider, fact, { json: answer });
    const request = server.requestsTo(pathOf(fact.token)).at(-1);
    expect(request?.headers.accept).toBe('application/json');
    expect(request?.headers['content-type']).toContain(fact.json ? 'application/json' : 'x-www-form-urlencoded');
    expect(readRequest(request)).toEqual({
      client: fact.client,
      fields: {
        grant_type: 'authorization_code',
        code: 'code-1',
        redirect_uri: 'https://app/cb',
        ...(fact.pkce && { code_verifier: 'verifier-1' }),
        ...fact.tokenExtra,
      },
    });
    expect(tokenSet.accessToken.reveal()).toBe(answer.access_token);
    expect(tokenSet.tokenType).toBe('Bearer');
    const lives = tokenSet.expiresAt === undefined ? undefined : (tokenSet.expiresAt - tokenSet.obtainedAt) / 1000;
    expect(lives).toBe(fact.lives);
    expect(missingScopeAt(provider, tokenSet.scope, provider.defaultScope)).toEqual([]);
    expect(identity).toEqual(fact.userinfo ? undefined : fact.identity);
  });

  test('refresh, and the signals that end a grant or blame us', async () => {
    await refreshWith(provider, fact, { json: answer });
    const request = server.requestsTo(pathOf(fact.refresh ?? fact.token)).at(-1);
    expect(readRequest(request)).toEqual({
      client: fact.client,
      fields: { grant_type: 'refresh_token', refresh_token: 'rt-1', ...fact.tokenExtra },
    });
    const usual = { status: 400, body: { error: 'invalid_grant' } };
    for (const { status, body } of [usual, ...(fact.dead ?? [])]) {
      const failed = refreshWith(provider, fact, { status, json: body });
      await expect(failed, JSON.stringify(body)).rejects.toMatchObject({ code: 'grant_refused', status });
    }
    for (const { status, body } of [{ status: 401, body: { error: 'invalid_client' } }, ...(fact.ours ?? [])]) {
      const failed = refreshWith(provider, fact, { status, json: body });
      await expect(failed, JSON.stringify(body)).rejects.toMatchObject({ code: 'provider_misconfigured' });
    }
    const passing = refreshWith(provider, fact, { status: 429, headers: { 'retry-after': '2' } });
    await expect(passing).rejects.toMatchObject({ code: 'provider_unavailable', reached: 'no', retryAfterMs: 2000 });
  });

  test('identity', async () => {
    if (!fact.userinfo) {
      expect(await fetchIdentity(here(provider), tokens, http)).toBeUndefined();
      return;
    }
    const [method, url = ''] = fact.userinfo.request.split(' ');
    server.answer(pathOf(url), { json: fact.userinfo.answer });
    expect(await fetchIdentity(here(provider), tokens, http)).toEqual(fact.identity);
    const request = server.requestsTo(pathOf(url)).at(-1);
    expect([request?.method, request?.headers.authorization]).toEqual([method, 'Bearer at-1']);
  });

  test('sites', async () => {
    if (!fact.sites) {
      expect(await fetchSites(here(provider), tokens, http)).toBeUndefined();
      return;
    }
    const [method, url = ''] = fact.sites.request.split(' ');
    server.answer(pathOf(url), { json: fact.sites.answer });
    expect(await fetchSites(here(provider), tokens, http)).toEqual(fact.sites.read);
    const request = server.requestsTo(pathOf(url)).at(-1);
    expect([request?.method, request?.headers.authorization]).toEqual([method, 'Bearer at-1']);
  });

  test('revocation', async () => {
    const { revoke } = fact;
    if (!revoke) {
      expect(await revokeTokens(here(provider), tokens, http)).toBe('unsupported');
      return;
    }
    const [method, url = ''] = revoke.request.split(' ');
    server.answer(pathOf(url), { status: 200 });
    const before = server.requestsTo(pathOf(url)).length;
    expect(await revokeTokens(here(provider), tokens, http)).toBe('yes');
    const requests = server.requestsTo(pathOf(url)).slice(before);
    expect(requests.map((request) => request.method)).toEqual(revoke.token === 'both' ? [method, method] : [method]);
    const parameter = revoke.parameter ?? 'token';
    const shown = requests.map((request) => {
      if (revoke.in === 'bearer') {
        expect(request.body).toBe('');
        return request.headers.authorization?.replace('Bearer ', '');
      }
      if (revoke.in === 'query') return request.query.get(parameter);
      expect(readRequest(request).client).toBe(revoke.client);
      return readRequest(request).fields[parameter];
    });
    const expected = { access: ['at-1'], refresh: ['rt-1'], both: ['at-1', 'rt-1'] };
    expect(shown.sort()).toEqual(expected[revoke.token]);
  });
});
