/** A connection's own values (tenant, shop, subdomain) in its provider's endpoints: never another host. */

import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { InvalidRequest } from '../../src/core/errors.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import type { Provider } from '../../src/core/provider.js';
import { withParameters } from '../../src/core/provider-endpoints.js';

const credentials = { client_id: 'client-1', client_secret: 'secret-1' };
const registry = createRegistry({ github: credentials, shopify: credentials, zendesk: credentials });

function providerOf(id: string): Provider {
  const provider = registry.find(providerIdSchema.parse(id));
  if (provider === undefined) throw new Error(`${id} is not in the catalogue`);
  return provider;
}

function faultOf(call: () => unknown): InvalidRequest {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidRequest) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Every place of a provider where an endpoint stands. */
const endpointsOf = (provider: Provider) =>
  [
    provider.issuer,
    provider.authorizationEndpoint,
    provider.tokenEndpoint,
    provider.refreshEndpoint,
    provider.deviceAuthorizationEndpoint,
    provider.identity.endpoint,
    provider.revocation?.endpoint,
  ].filter((endpoint) => endpoint !== undefined);

describe('the values of a connection', () => {
  it('are put into every endpoint of its provider', () => {
    const zendesk = withParameters(providerOf('zendesk'), { subdomain: 'acme' });
    const hosts = new Set(endpointsOf(zendesk).map((endpoint) => new URL(endpoint).host));
    expect([...hosts]).toEqual(['acme.zendesk.com']);
    expect(endpointsOf(zendesk).filter((endpoint) => /[{}]/.test(endpoint))).toEqual([]);
    expect(zendesk.revocation?.endpoint).toContain('acme.zendesk.com');
    expect(zendesk.identity.endpoint).toContain('acme.zendesk.com');
  });

  it('reach the places that few providers have', () => {
    const url = 'https://{shop}.myshopify.com';
    const sites = { endpoint: `${url}/s`, id: 'id', parameter: 'site' };
    const rare = { refreshEndpoint: `${url}/r`, deviceAuthorizationEndpoint: `${url}/d`, issuer: url, sites };
    const filled = withParameters({ ...providerOf('shopify'), ...rare }, { shop: 'acme' });
    expect(filled).toMatchObject({
      refreshEndpoint: 'https://acme.myshopify.com/r',
      deviceAuthorizationEndpoint: 'https://acme.myshopify.com/d',
      issuer: 'https://acme.myshopify.com',
      sites: { ...sites, endpoint: 'https://acme.myshopify.com/s' },
    });
    expect(withParameters(providerOf('shopify'), { shop: 'acme' }).sites).toBeUndefined();
  });

  it('add no endpoint where the provider has none', () => {
    const identity = { from: 'none', id: 'sub' } as const;
    const { revocation, ...shopify } = providerOf('shopify');
    const filled = withParameters({ ...shopify, identity }, { shop: 'acme' });
    expect(filled.identity).toStrictEqual(identity);
    for (const name of ['refreshEndpoint', 'deviceAuthorizationEndpoint', 'issuer', 'revocation', 'sites'])
      expect(filled).not.toHaveProperty(name);
  });

  it('do not change the provider of others', () => {
    const shopify = providerOf('shopify');
    withParameters(shopify, { shop: 'acme' });
    expect(shopify.tokenEndpoint).toContain('{shop}');
    expect(withParameters(shopify, { shop: 'other' }).tokenEndpoint).toContain('https://other.myshopify.com/');
  });

  it('are not needed, and left alone, where no endpoint has a place for them', () => {
    const github = providerOf('github');
    expect(withParameters(github, undefined)).toEqual(github);
    expect(withParameters(github, { shop: '../evil', unknown: 'x' })).toEqual(github);
  });

  it.each([undefined, {}, { subdomain: 'acme' }, JSON.parse('{"__proto__": {"shop": "acme"}}')])(
    'are asked for by name when they are missing: %j',
    (parameters) => {
      const fault = faultOf(() => withParameters(providerOf('shopify'), parameters));
      expect(fault.field).toBe('parameters.shop');
      expect(fault.message).toContain('is required by shopify');
    },
  );

  it.each([
    ...['', '.', '..', 'a.b', 'evil.example', 'evil.example/', 'evil.example#', 'evil.example?', 'a/b', 'a\\b', '/a'],
    ...[
      'a@evil.example',
      'a:b',
      'a:443',
      'a%2eb',
      'a%2f',
      'a b',
      ' a',
      'a ',
      'a\n',
      'a\t',
      'a\0',
      '{shop}',
      '{tenant}',
    ],
    ...['-a', '_a', 'a_b', 'a$&', "a$'", 'a'.repeat(64), 'ａ', 'а', 'a。b', 'a．b', 'a／b', 'a\u200b', 'ä', '[::1]'],
  ])('cannot name another host, path or port: %j', (shop) => {
    const fault = faultOf(() => withParameters(providerOf('shopify'), { shop }));
    expect(fault.field).toBe('parameters.shop');
    expect(fault.message).toContain('is not of the form');
    if (shop.length > 4) expect(fault.message).not.toContain(shop);
  });

  it.each(['a', '0', 'acme-eu-1', 'a'.repeat(63)])('may be a label of a host name: %s', (shop) => {
    const { host } = new URL(withParameters(providerOf('shopify'), { shop }).tokenEndpoint);
    expect(host).toBe(`${shop}.myshopify.com`);
  });
});
