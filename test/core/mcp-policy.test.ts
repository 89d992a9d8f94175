/** What the operator says about MCP servers: which URL is which server, and what may be said of it. */

import { describe, expect, it } from 'vitest';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import {
  canonicalServerUrl,
  endpointsIn,
  type McpPolicy,
  maySpeakTo,
  mcpPolicySchema,
  policyOf,
} from '../../src/core/mcp-policy.js';

describe('the URL of a server', () => {
  it.each([
    ['HTTPS://MCP.Example:443/Mcp#part', 'https://mcp.example/Mcp'],
    ['https://mcp.example/', 'https://mcp.example'],
    ['https://mcp.example', 'https://mcp.example'],
    ['https://mcp.example/mcp/', 'https://mcp.example/mcp/'],
    ['https://mcp.example/mcp?tenant=1', 'https://mcp.example/mcp?tenant=1'],
    ['https://mcp.example/?tenant=1', 'https://mcp.example/?tenant=1'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    [`https://mcp.example/${'a'.repeat(2028)}`, `https://mcp.example/${'a'.repeat(2028)}`],
    ['https://user:pass@mcp.example/', undefined],
    ['https://user@mcp.example/', undefined],
    ['https://:pass@mcp.example/', undefined],
    ['xhttps://mcp.example/', undefined],
    ['httpsx://mcp.example/', undefined],
    [`https://mcp.example/${'a'.repeat(2029)}`, undefined],
    ['ftp://mcp.example/', undefined],
    ['javascript:alert(1)', undefined],
    ['mcp.example', undefined],
    [`https://mcp.example/${'a'.repeat(2048)}`, undefined],
  ])('%s is kept as %s', (text, canonical) => {
    expect(canonicalServerUrl(text)).toBe(canonical);
  });
});

describe('the operator’s rules', () => {
  it.each([
    'http://valetkey.example/client.json',
    'https://valetkey.example',
    'https://valetkey.example/',
    'https://valetkey.example/a/../client.json',
    'https://user@valetkey.example/client.json',
    'https://:pass@valetkey.example/client.json',
    'https://valetkey.example:443/client.json',
    'https://valetkey.example/client.json#x',
    'client.json',
  ])('may not put client metadata documents at %s (M-12)', (client_metadata_url) => {
    const { error } = mcpPolicySchema.safeParse({ client_metadata_url });
    expect(error?.message).toContain('must be https with a path');
  });

  it.each(['https://valetkey.example/client.json', 'https://valetkey.example/mcp/{provider}/client.json', false])(
    'may put client metadata documents at %s',
    (client_metadata_url) => {
      expect(mcpPolicySchema.safeParse({ client_metadata_url }).success).toBe(true);
    },
  );

  const issuer = 'https://login.example';
  const badUrl = 'must be https, without credentials and fragment';
  it.each<[string, object, string | undefined]>([
    ['with their issuer', { issuer, token_endpoint: 'https://login.example/token' }, undefined],
    ['not at all', { omit_resource: true }, undefined],
    ['on this machine', { issuer, token_endpoint: 'http://127.0.0.1:8080/token' }, undefined],
    ['alone: whose are they?', { token_endpoint: 'https://login.example/token' }, 'is needed beside endpoints'],
    ['over http', { issuer, token_endpoint: 'http://login.example/token' }, badUrl],
    ['with a password', { issuer, token_endpoint: 'https://u:p@login.example/' }, badUrl],
    ['with a fragment', { issuer, token_endpoint: 'https://login.example/#token' }, badUrl],
    ['as a script', { issuer, authorization_endpoint: 'javascript:alert(1)' }, badUrl],
    ['as no URL', { issuer, revocation_endpoint: '/revoke' }, badUrl],
    ['with a blank before it', { issuer, token_endpoint: ' https://login.example/token' }, badUrl],
    ['with a line behind it', { issuer, token_endpoint: 'https://login.example/token\n' }, badUrl],
    ['in other letters', { issuer, token_endpoint: 'https://lögin.example/token' }, badUrl],
    ['and an issuer that is none', { issuer: 'login', token_endpoint: 'https://login.example/token' }, 'Invalid URL'],
  ])('may name endpoints %s: %j -> %s (S1-15)', (_what, rules, fault) => {
    const { error } = mcpPolicySchema.safeParse({ servers: { 'https://mcp.example': rules } });
    if (fault === undefined) expect(error).toBeUndefined();
    else expect(error?.message).toContain(fault);
  });

  it('say where the issuer is missing', () => {
    const servers = { 'https://mcp.example': { token_endpoint: 'https://login.example/token' } };
    expect(mcpPolicySchema.safeParse({ servers }).error?.issues[0]?.path).toEqual([
      'servers',
      'https://mcp.example',
      'issuer',
    ]);
  });

  it('are those of the server however its URL is written, and none where it is not named', () => {
    const rules = { omit_resource: true };
    const policy = { servers: { 'https://other.example': {}, 'HTTPS://MCP.Example:443/': rules } };
    expect(policyOf(policy, 'https://mcp.example')).toEqual(rules);
    expect(policyOf(policy, 'https://mcp.example/mcp')).toEqual({});
    expect(policyOf({}, 'https://mcp.example')).toEqual({});
  });

  it('name endpoints and more; the endpoints are told apart', () => {
    const token_endpoint = 'https://login.example/token';
    const rules = { issuer, omit_resource: true, token_endpoint, revocation_endpoint: undefined };
    expect(endpointsIn(rules)).toStrictEqual({ token_endpoint });
  });

  it.each<[string, McpPolicy, boolean]>([
    ['https://mcp.example/x', {}, true],
    ['https://mcp.example/x', { deny: ['mcp.example'] }, false],
    ['https://mcp.example./x', { deny: ['mcp.example'] }, false],
    ['https://mcp.example./x', { deny: ['https://mcp.example'] }, false],
    ['https://mcp.example:8443/x', { deny: ['https://mcp.example'] }, true],
    ['https://a.mcp.example/x', { deny: ['*.mcp.example'] }, false],
    ['https://notmcp.example/x', { deny: ['*.mcp.example', 'mcp.example'] }, true],
    ['https://mcp.example/x', { allow: [] }, false],
    ['https://mcp.example/x', { allow: ['MCP.example'] }, true],
    ['https://mcp.example/x', { allow: ['https://mcp.example:443'] }, true],
    ['http://mcp.example/x', { allow: ['https://mcp.example'] }, false],
    ['https://mcp.example.evil/x', { allow: ['mcp.example'] }, false],
    ['https://mcp.example/x', { allow: ['mcp.example'], deny: ['mcp.example'] }, false],
    ['https://mcp.example/x', { tenants: { t: { deny: ['mcp.example'] } } }, false],
    ['https://mcp.example/x', { tenants: { t: { allow: ['other.example'] } } }, false],
    ['https://mcp.example/x', { deny: ['mcp.example'], tenants: { t: { allow: ['mcp.example'] } } }, false],
    ['https://mcp.example/x', { tenants: { other: { allow: [] } } }, true],
    ['https://mcp.example/x', { tenants: { t: {} } }, true],
    ['https://mcp.example/x', { deny: ['other.example', 'mcp.example'] }, false],
    ['https://mcp.example/x', { allow: ['other.example', 'mcp.example'] }, true],
    ['https://mcp.example/x', { allow: ['no URL://'] }, false],
    ['https://mcp.example/x', { allow: ['mcp.example:443'] }, false],
    ['https://mcp.example/x', { deny: ['mcp.example.'] }, false],
    ['https://mücp.example/x', { deny: ['MÜCP.example'] }, false],
    ['https://a.mücp.example/x', { deny: ['*.mücp.example'] }, false],
    ['https://127.0.0.1/x', { deny: ['127.1'] }, false],
    ['https://[2001:db8::1]/x', { deny: ['[2001:DB8:0::1]'] }, false],
    ['https://mcp.example/x', { deny: ['*.mcp.example'] }, true],
    ['https://mcp.example/x', { deny: ['http://mcp.example:443'] }, true],
    ['https://mcp.example.example/x', { deny: ['https://mcpexample.example'] }, true],
  ])('let tenant t use %s under %j: %s', (url, policy, may) => {
    const server = canonicalServerUrl(url) ?? '';
    expect(maySpeakTo(policy, tenantIdSchema.parse('t'), server)).toBe(may);
  });

  it.each([
    '',
    '*',
    '*.',
    '*mcp.example',
    '.mcp.example',
    'mcp.example:8443',
    'mcp.example/mcp',
    'a b',
    'ftp://mcp.example',
  ])('are refused where they forbid nothing: "%s"', (pattern) => {
    for (const policy of [{ deny: [pattern] }, { allow: [pattern] }, { tenants: { t: { deny: [pattern] } } }]) {
      expect(mcpPolicySchema.safeParse(policy).error?.issues[0]?.message).toContain('must be a host name');
    }
  });

  const client = {
    issuer,
    client_id: 'c',
    client_secret: 's',
    client_private_key: 'PEM',
    client_key_id: 'k',
    token_endpoint_auth_method: 'private_key_jwt',
  };
  const rules = {
    issuer: 'http://127.0.0.1:8080',
    authorization_endpoint: 'https://login.example/authorize',
    token_endpoint: 'https://login.example/token',
    registration_endpoint: 'https://login.example/register',
    revocation_endpoint: 'https://login.example/revoke',
    grant: 'authorization_code',
    scopes: ['read'],
    allowed_scopes: ['read', 'w'],
    trusted_issuer: issuer,
    assume_pkce_s256: true,
    omit_resource: true,
    endpoint_domains: ['login.example'],
    metadata_origins: ['https://meta.example'],
    legacy_endpoints: true,
  };
  const whole = {
    allow: ['mcp.example', '*.mcp.example'],
    deny: ['https://evil.example'],
    tenants: { acme: { allow: ['mcp.example'], deny: ['a.mcp.example'] } },
    clients: [
      client,
      ...['client_secret_basic', 'client_secret_post', 'none'].map((token_endpoint_auth_method) => ({
        ...client,
        token_endpoint_auth_method,
      })),
    ],
    servers: { 'https://mcp.example/mcp': rules, 'https://two.example': { grant: 'client_credentials' } },
    client_name: 'Our bot',
    client_metadata_url: 'https://valetkey.example/{provider}/client.json',
  };

  it('come back as they were written', () => {
    expect(mcpPolicySchema.parse(whole)).toEqual(whole);
  });

  it.each([
    ['an empty pattern', { allow: [''] }],
    ['a pattern of 513 characters', { deny: ['x'.repeat(513)] }],
    ['an issuer that is no web address', { clients: [{ ...client, issuer: 'ftp://login.example' }] }],
    ['an issuer that begins like one', { clients: [{ ...client, issuer: 'httpsx://login.example' }] }],
    ['an issuer that ends like one', { clients: [{ ...client, issuer: 'xhttps://login.example' }] }],
    ['no client id', { clients: [{ ...client, client_id: '' }] }],
    ['a client id of 2049 characters', { clients: [{ ...client, client_id: 'x'.repeat(2049) }] }],
    ['an empty key id', { clients: [{ ...client, client_key_id: '' }] }],
    ['an authentication nobody knows', { clients: [{ ...client, token_endpoint_auth_method: 'tls' }] }],
    [
      'an endpoint of 2049 characters',
      { servers: { [issuer]: { ...rules, token_endpoint: `${issuer}/${'x'.repeat(2048)}` } } },
    ],
    ['a grant nobody knows', { servers: { [issuer]: { grant: 'password' } } }],
    ...['scopes', 'allowed_scopes', 'endpoint_domains', 'metadata_origins'].map(
      (name) => [`${name} with nothing in them`, { servers: { [issuer]: { [name]: [''] } } }] as const,
    ),
    ['a server that is no URL', { servers: { 'mcp.example': {} } }],
    ['no name', { client_name: '' }],
    ['a name of 101 characters', { client_name: 'x'.repeat(101) }],
    ['something about a tenant that there is not', { tenants: { acme: { servers: {} } } }],
  ] as const)('have no %s', (_title, policy) => {
    expect(mcpPolicySchema.safeParse(policy).success).toBe(false);
  });

  it('have no unknown fields', () => {
    expect(mcpPolicySchema.safeParse({ servers: { 'https://mcp.example': { asume_pkce_s256: true } } }).success).toBe(
      false,
    );
  });
});
