import { describe, expect, test } from 'vitest';
import { type ExpectedResponse, readAuthorizationResponse } from '../../src/core/authorization-response.js';
import { InvalidRequest } from '../../src/core/errors.js';
import { Secret } from '../../src/core/secret.js';

const issuer = 'https://as.example.com';
const read = (query: string, expected: ExpectedResponse) =>
  readAuthorizationResponse(new URLSearchParams(query), expected);
const plain = { issParameterSupported: false };
const withIssuer = { issuer, issParameterSupported: true };

test('gives the code as a secret, with its state', () => {
  const response = read('code=abc&state=xyz', plain);
  expect(response).toEqual({ code: expect.any(Secret), state: 'xyz' });
  expect('code' in response && response.code.reveal()).toBe('abc');
  expect(JSON.stringify(response)).not.toContain('abc');
});

test('gives the error word, with its state (RFC 6749 4.1.2.1)', () => {
  expect(read('error=access_denied&error_description=No&state=xyz', plain)).toEqual({
    error: 'access_denied',
    state: 'xyz',
  });
});

test('a server’s own word for a refusal is access_denied; the same word of another server is not', () => {
  const cancelled = 'error=user_cancelled_authorize&state=s';
  const denials = ['user_cancelled_authorize'];
  expect(read(cancelled, { ...plain, denials })).toEqual({ error: 'access_denied', state: 's' });
  expect(read(cancelled, plain)).toEqual({ error: 'user_cancelled_authorize', state: 's' });
});

test('an error of a strange form is not passed on', () => {
  const strange = `error=${encodeURIComponent('<script>"\u0007')}&state=s`;
  expect(read(strange, plain)).toEqual({ error: 'server_error', state: 's' });
  expect(read(`error=${'a'.repeat(65)}&state=s`, plain)).toEqual({ error: 'server_error', state: 's' });
});

describe('refuses', () => {
  const refused: [string, string, string, typeof plain | typeof withIssuer][] = [
    ['a repeated code (RFC 6749 3.1)', 'code=a&code=b&state=s', 'code', plain],
    ['a repeated state', 'code=a&state=s&state=s', 'state', plain],
    ['a repeated error', 'error=a&error=b&state=s', 'error', plain],
    ['a repeated iss', `code=a&state=s&iss=${issuer}&iss=${issuer}`, 'iss', withIssuer],
    ['a missing state', 'code=a', 'state', plain],
    ['an empty state', 'code=a&state=', 'state', plain],
    ['neither code nor error', 'state=s', 'code', plain],
    ['an empty code', 'code=&state=s', 'code', plain],
    ['code and error together', 'code=a&error=b&state=s', 'code', plain],
    ['a missing iss where it is announced (RFC 9207 2.4)', 'code=a&state=s', 'iss', withIssuer],
    ['another iss', 'code=a&state=s&iss=https://evil.example.com', 'iss', withIssuer],
    ['an iss that differs by a slash', `code=a&state=s&iss=${issuer}/`, 'iss', withIssuer],
    ['another iss also with an error', 'error=access_denied&state=s&iss=https://evil.example.com', 'iss', withIssuer],
    [
      'another iss though none is announced',
      'code=a&state=s&iss=https://evil.example.com',
      'iss',
      { ...withIssuer, issParameterSupported: false },
    ],
  ];
  test.each(refused)('%s', (_title, query, field, expected) => {
    const attempt = () => read(query, expected);
    expect(attempt).toThrow(InvalidRequest);
    expect(attempt).toThrow(expect.objectContaining({ field, message: expect.stringMatching(`^${field}: \\w`) }));
  });

  test('without repeating what was sent', () => {
    expect(() => read('code=canary&code=canary&state=s', plain)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') }),
    );
  });
});

test('accepts the very issuer, and any where none is known', () => {
  expect(read(`code=a&state=s&iss=${encodeURIComponent(issuer)}`, withIssuer)).toMatchObject({ state: 's' });
  expect(read('code=a&state=s&iss=https://somebody.example.com', plain)).toMatchObject({ state: 's' });
});
