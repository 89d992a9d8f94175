/** Entries of providers that a program gives the library, whether its compiler has looked at them or not. */

import { expect, it } from 'vitest';
import { createRegistry } from '../providers/index.js';
import { ConfigurationError } from '../src/core/errors.js';
import { openManager } from '../src/open-manager.js';

const own = {
  authorization_endpoint: 'https://as.example.com/authorize',
  token_endpoint: 'https://as.example.com/token',
  client_id: 'client',
};

/** The names of all faults; nothing is opened, as there is at least one. */
async function faultsOf(more: object): Promise<readonly string[]> {
  const options = { baseUrl: 'https://auth.example.com', encryptionKeys: `k:${Buffer.alloc(32).toString('base64')}` };
  const error = await openManager({ ...options, providers: {}, ...more }).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigurationError)) throw new TypeError('nothing was refused');
  expect(error.message).not.toContain('CANARY');
  return error.faults.map(({ name }) => name);
}

it.each([
  ['token_endpoint', { token_endpoint: '' }],
  ['client_id', { client_id: '' }],
  ['refresh_buffer', { refresh_buffer: -1 }],
  ['exchange_cache_size', { source: 'token_exchange', exchange_cache_size: 0 }],
  ['request_timeout', { request_timeout: 0 }],
  ['source', { source: 'CANARY' }],
  ['access_token', { source: 'static', access_token: { env: 'CANARY' } }],
])('a provider with an unusable %s is refused by that name (S0-25, S2-02)', async (field, change) => {
  expect(await faultsOf({ providers: { mine: { ...own, ...change } } })).toEqual([`mine.${field}`]);
});

it('an unknown field is refused, and all providers are looked at at once', async () => {
  const providers = { one: { ...own, secret: 'CANARY' }, two: { ...own, refresh_buffer: -1, request_timeout: -1 } };
  expect(await faultsOf({ providers })).toEqual(['one', 'two.refresh_buffer', 'two.request_timeout']);
});

it('providers that are none are refused', async () => {
  expect(await faultsOf({ providers: 'CANARY' })).toEqual(['providers']);
});

it('an own provider without a secret is a public client; one of the catalogue that wants one is not configured (S0-05, S2-03)', () => {
  const client = { client_id: 'client' };
  const registry = createRegistry({
    bare: own,
    empty: { ...own, client_secret: '' },
    post: { ...own, token_endpoint_auth_method: 'client_secret_post' },
    machine: { ...own, source: 'client_credentials' },
    keyed: { ...own, client_private_key: 'PEM' },
    github: client,
    google: { ...client, client_secret: '' },
    discord: { ...client, token_endpoint_auth_method: 'none' },
  });
  const found = registry.configured().map(({ id, clientAuthentication }) => [id, clientAuthentication]);
  expect(Object.fromEntries(found)).toEqual({
    bare: 'none',
    empty: 'none',
    post: 'client_secret_post',
    machine: 'client_secret_basic',
    keyed: 'private_key_jwt',
    discord: 'none',
  });
});
