/** What a host passes to the library is refused by name, never taken for something else, and understood where it can be. */

import { afterAll, describe, expect, it } from 'vitest';
import { parseConnectRequest, parseTokenRequest } from '../src/manager-input.js';
import { openManager } from '../src/open-manager.js';
import { requireOAuthToken } from '../src/require-oauth-token.js';
import { withOAuthToken } from '../src/with-oauth-token.js';
import { localManagerOptions } from './support/local-manager.js';

const now = 1_800_000_000_000;
const canary = 'canary-of-the-host';
const manager = await openManager({ ...localManagerOptions(), now: () => now });
afterAll(() => manager.close());

type Method =
  | 'storeToken'
  | 'deleteToken'
  | 'eraseUser'
  | 'generateConnectUrl'
  | 'getToken'
  | 'refreshToken'
  | 'exchangeToken'
  | 'retryRefused'
  | 'submitProof'
  | 'findConnect'
  | 'verifyConnect'
  | 'keepPendingAction'
  | 'takePendingAction'
  | 'resolveLinkCode'
  | 'startAuthorization'
  | 'redeemAccountLink';

/** Calls as JavaScript does, where nothing stops a wrong type. */
const call = (method: Method, ...given: unknown[]) => Promise.resolve(Reflect.apply(manager[method], manager, given));

const token = { provider: 'github', accessToken: canary };

describe('is refused by the name of the field and without its value', () => {
  it.each<[string, Method, unknown[]]>([
    ['token', 'storeToken', ['u']],
    ['options', 'storeToken', ['u', token, canary]],
    ['options', 'deleteToken', ['u', 'github', canary]],
    ['options', 'eraseUser', ['u', canary]],
    ['options', 'getToken', ['u', 'github', null]],
    ['options', 'generateConnectUrl', ['u', 'github', null]],
    ['options', 'refreshToken', ['u', 'github']],
    ['options', 'exchangeToken', ['github']],
    ['options', 'findConnect', ['c', null]],
    ['options', 'takePendingAction', ['c', null]],
    ['options', 'retryRefused', [null]],
    ['providers', 'submitProof', ['u', canary, { providers: canary }]],
    ['provider', 'submitProof', ['u', canary, { providers: [`${canary}!`] }]],
    ['subject_token', 'exchangeToken', ['github', { subjectToken: { canary } }]],
    ['subject_token', 'getToken', ['u', 'github', { subjectToken: 5 }]],
    ['options', 'generateConnectUrl', ['u', 'github', canary]],
    ['accessToken', 'storeToken', ['u', { provider: 'github' }]],
    ['accessToken', 'storeToken', ['u', { ...token, accessToken: '' }]],
    ['accessToken', 'storeToken', ['u', { ...token, accessToken: { canary } }]],
    ['refreshToken', 'storeToken', ['u', { ...token, refreshToken: 5 }]],
    ['expiresAt', 'storeToken', ['u', { ...token, expiresAt: canary }]],
    ['expiresAt', 'storeToken', ['u', { ...token, expiresAt: new Date() }]],
    ['expiresAt', 'storeToken', ['u', { ...token, expires_at: -1 }]],
    ['expiresIn', 'storeToken', ['u', { ...token, expiresIn: canary }]],
    ['expiresIn', 'storeToken', ['u', { ...token, expires_in: -1 }]],
    ['scopes', 'storeToken', ['u', { ...token, scope: '"no token"' }]],
    ['scopes', 'storeToken', ['u', { ...token, scopes: canary }]],
    ['scopes', 'storeToken', ['u', { ...token, scopes: [`${canary} two`] }]],
    ['tokenType', 'storeToken', ['u', { ...token, tokenType: 5 }]],
    ['scopes', 'generateConnectUrl', ['u', 'github', { scopes: `${canary} two` }]],
    ['scopes', 'generateConnectUrl', ['u', 'github', { scopes: [5] }]],
    ['return_to', 'generateConnectUrl', ['u', 'github', { returnTo: 5 }]],
    ['chat_identity', 'generateConnectUrl', ['u', 'github', { chatIdentity: { platform: canary } }]],
    ['proof', 'generateConnectUrl', ['u', 'github', { proof: canary }]],
    ['method', 'generateConnectUrl', ['u', 'github', { method: canary }]],
    ['metadata', 'generateConnectUrl', ['u', 'github', { metadata: { thread: 5 } }]],
    ['parameters', 'generateConnectUrl', ['u', 'github', { parameters: canary }]],
    ['scopes', 'getToken', ['u', 'github', { scopes: canary }]],
    ['min_ttl', 'getToken', ['u', 'github', { minTtlSeconds: canary }]],
    ['min_ttl', 'getToken', ['u', 'github', { minTtlSeconds: -1 }]],
    ['caller', 'getToken', ['u', 'github', { usedBy: {} }]],
    ['caller', 'getToken', ['u', 'github', { usedBy: { caller: canary.repeat(20) } }]],
    ['caller', 'getToken', ['u', 'github', { usedBy: canary }]],
    ['purpose', 'getToken', ['u', 'github', { usedBy: { caller: 'bot', purpose: 5 } }]],
    ['rejected_token_sha256', 'refreshToken', ['u', 'github', { rejectedTokenSha256: canary }]],
    ['rejected_token_sha256', 'refreshToken', ['u', 'github', {}]],
    ['rejected_token', 'refreshToken', ['u', 'github', { rejectedToken: { canary } }]],
    ['code', 'submitProof', ['u', 12345678]],
    ['link', 'resolveLinkCode', []],
    ['link', 'resolveLinkCode', [[canary, canary]]],
    ['link', 'startAuthorization', ['github', [canary]]],
    ['link', 'redeemAccountLink', [{ canary }]],
    ['connect_id', 'findConnect', []],
    ['connect_id', 'verifyConnect', [undefined, 'u']],
    ['connect_id', 'keepPendingAction', [5, canary]],
    ['connect_id', 'takePendingAction', [{ connectId: canary }]],
  ])('%s of %s%j', async (field, method, given) => {
    const error: unknown = await call(method, ...given).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid_request', field });
    expect(String(error)).not.toContain(canary);
  });

  it.each([
    ['state', () => manager.getAuthorizeUrl('github', '', { codeChallenge: 'c' })],
    ['code_challenge', () => Reflect.apply(manager.getAuthorizeUrl, manager, ['github', 'state'])],
    ['code_challenge', () => manager.getAuthorizeUrl('github', 'state', { codeChallenge: '' })],
    ['code', () => manager.exchangeCode('github', '', { codeVerifier: 'v' })],
    ['code_verifier', () => Reflect.apply(manager.exchangeCode, manager, ['github', 'code'])],
  ])('%s that is missing, before the provider is asked', async (field, ask) => {
    await expect((async () => ask())()).rejects.toMatchObject({ code: 'invalid_request', field });
  });

  it.each([requireOAuthToken, withOAuthToken])('a context that is none, by %o', async (guard) => {
    for (const context of [undefined, null, 'u'])
      await expect(Reflect.apply(guard, undefined, [context, 'github'])).rejects.toMatchObject({ field: 'context' });
  });
});

it.each([undefined, Number.NaN, -5, 0.5, Number.POSITIVE_INFINITY])(
  'a connect may be waited for %s ms, by whoever stays',
  async (waitMs) => {
    const { connectId } = await manager.startConnect('waits', 'github');
    const asked = manager.findConnect(connectId, { waitMs, signal: AbortSignal.timeout(20) });
    expect(await asked).toMatchObject({ status: 'pending' });
  },
);

/** What JavaScript may pass although the types say otherwise. */
const untyped = (json: string) => JSON.parse(json);

it.each([
  ['scopes: must be a list', () => parseTokenRequest('u', 'github', untyped('{"scopes":"repo"}'))],
  ['scopes: must be a list', () => parseConnectRequest('u', 'github', untyped('{"scopes":"repo"}'))],
  ['proof: Invalid option', () => parseConnectRequest('u', 'github', untyped('{"proof":"chatcode"}'))],
  ['user: must not be empty', () => parseTokenRequest('', 'github', {})],
  ['user: must be at most 256 characters', () => parseTokenRequest('u'.repeat(257), 'github', {})],
])('"%s"', (problem, parse) => {
  expect(parse).toThrow(problem);
});

it('a manager without encryption keys says that they are missing', async () => {
  const opening = openManager(untyped('{"baseUrl":"http://localhost:3000","providers":{}}'));
  await expect(opening).rejects.toMatchObject({
    code: 'configuration_invalid',
    faults: [{ name: 'encryptionKeys', problem: expect.stringContaining('is missing') }],
  });
});
