import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import {
  buildAuthorizationUrl,
  codeChallengeOf,
  createCodeVerifier,
} from '../../src/protocol/authorization-request.js';
import { registeredProvider } from '../support/registered-provider.js';

const provider = registeredProvider('own', {
  client_id: 'my client',
  authorization_endpoint: 'https://as.example.com/authorize?realm=a',
  token_endpoint: 'https://as.example.com/token',
  extra_authorization_params: { prompt: 'consent' },
});
const request = {
  state: new Secret('s+1'),
  codeChallenge: 'challenge',
  redirectUri: 'https://app.example.com/oauth/own/callback',
  scope: ['read', 'write:all'],
};
const parametersOf = (at: Provider, changes: Partial<Parameters<typeof buildAuthorizationUrl>[1]> = {}) =>
  Object.fromEntries(new URL(buildAuthorizationUrl(at, { ...request, ...changes })).searchParams);

test('holds every parameter of the request, and the endpoint’s own query (RFC 6749 4.1.1, RFC 7636 4.3)', () => {
  expect(parametersOf(provider)).toEqual({
    realm: 'a',
    prompt: 'consent',
    response_type: 'code',
    client_id: 'my client',
    redirect_uri: 'https://app.example.com/oauth/own/callback',
    scope: 'read write:all',
    state: 's+1',
    code_challenge: 'challenge',
    code_challenge_method: 'S256',
  });
  expect(buildAuthorizationUrl(provider, request)).toContain('scope=read%20write%3Aall');
});

test('joins the scope as the provider wants it, and leaves an empty one out', () => {
  expect(parametersOf({ ...provider, scopeSeparator: ',' }).scope).toBe('read,write:all');
  expect(parametersOf(provider, { scope: [] })).not.toHaveProperty('scope');
});

test('adds the resource where one is wanted (RFC 8707 2.1)', () => {
  const resource = 'https://api.example.com/mcp?x=1';
  expect(parametersOf({ ...provider, resource })).toMatchObject({ resource });
});

test('extra parameters cannot take the place of what protects the request (S2-15)', () => {
  const names = ['state', 'redirect_uri', 'client_id', 'response_type', 'code_challenge', 'code_challenge_method'];
  const extraAuthorizationParameters = Object.fromEntries(names.map((name) => [name, 'evil']));
  expect(Object.values(parametersOf({ ...provider, extraAuthorizationParameters }))).not.toContain('evil');
});

test('PKCE is left out only where the provider knows none', () => {
  expect(parametersOf({ ...provider, pkce: 'none' })).not.toHaveProperty('code_challenge');
  const { codeChallenge, ...without } = request;
  expect(() => buildAuthorizationUrl(provider, without)).toThrow(TypeError);
});

test('verifiers are 43 random characters and their challenge is S256 (RFC 7636 4.1, 4.2)', async () => {
  const verifiers = Array.from({ length: 100 }, () => createCodeVerifier().reveal());
  expect(new Set(verifiers).size).toBe(100);
  for (const verifier of verifiers) expect(verifier).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const [verifier = ''] = verifiers;
  const expected = createHash('sha256').update(verifier).digest('base64url');
  expect(await codeChallengeOf(new Secret(verifier))).toBe(expected);
});
