/** What variables may hold, and what stands where they are not set. */

import { expect, it, onTestFinished } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { loadConfig } from '../../src/service/config.js';
import { makeDataDir } from './running.js';

function load(variables: Record<string, string> = {}) {
  const { path, remove } = makeDataDir();
  onTestFinished(remove);
  return loadConfig({ DATA_DIR: path, ...variables });
}

function faultsOf(variables: Record<string, string>): readonly string[] {
  try {
    load(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map(({ name }) => name);
    throw error;
  }
}

it('a browser may ask for 150 connects a minute, at four requests each', () => {
  expect(load().trust.limits.perBrowserAddress).toBe(600);
});

it('a connect link may be good for a second only', () => {
  expect(load({ LINK_CODE_TTL_SECONDS: '1' }).linkTtlMs).toBe(1_000);
});

it.each([
  ['APP_VERIFIER_URL', {}],
  ['API_JWT_JWKS_URL', { API_JWT_ISSUER: 'i', API_JWT_AUDIENCE: 'a' }],
])('%s may have a query of its own, and no fragment', (name, others) => {
  const faults = (text: string) => faultsOf({ ...others, [name]: text });
  expect(faults('https://app.example.org/verify?policy=sign-in')).toEqual([]);
  expect(faults('https://app.example.org/verify#here')).toEqual([name]);
  expect(faultsOf({ BASE_URL: 'https://app.example.org/?policy=sign-in' })).toEqual(['BASE_URL']);
});

it('a secret of a caller has 32 characters at least, and one that signs JWTs 32 bytes (S3-09)', () => {
  const jwt = { API_JWT_ISSUER: 'i', API_JWT_AUDIENCE: 'a' };
  for (const [length, faulty] of [
    [31, true],
    [32, false],
  ] as const) {
    const secret = 's'.repeat(length);
    expect(faultsOf({ API_KEYS: `bot:bot:${secret}` })).toEqual(faulty ? ['API_KEYS'] : []);
    expect(faultsOf({ ...jwt, API_JWT_SECRETS: `k1:${secret}` })).toEqual(faulty ? ['API_JWT_SECRETS'] : []);
  }
});
