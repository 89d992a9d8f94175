/** Where metadata stands, which resource and which endpoints fit; compared with the MCP SDK where that is an oracle. */

import { buildDiscoveryUrls } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { canonicalServerUrl, type McpPolicy, maySpeakTo, mcpPolicySchema } from '../../src/core/mcp-policy.js';
import { metadataPlaces } from '../../src/protocol/discovery.js';
import { isWithin, sharesDomain } from '../../src/protocol/domains.js';
import { fitsResource } from '../../src/protocol/resource-metadata.js';

describe('the places of authorization server metadata', () => {
  it.each<[string, readonly string[]]>([
    ['https://h', ['https://h/.well-known/oauth-authorization-server', 'https://h/.well-known/openid-configuration']],
    ['https://h/', ['https://h/.well-known/oauth-authorization-server', 'https://h/.well-known/openid-configuration']],
    [
      'https://h/t',
      [
        'https://h/.well-known/oauth-authorization-server/t',
        'https://h/.well-known/openid-configuration/t',
        'https://h/t/.well-known/openid-configuration',
      ],
    ],
    [
      'https://h:8443/a/b/',
      [
        'https://h:8443/.well-known/oauth-authorization-server/a/b',
        'https://h:8443/.well-known/openid-configuration/a/b',
        'https://h:8443/a/b/.well-known/openid-configuration',
      ],
    ],
  ])('of %s are those of RFC 8414 section 3 and OpenID, in that order', (issuer, places) => {
    expect(metadataPlaces(issuer)).toEqual(places);
    expect(buildDiscoveryUrls(issuer).map(({ url }) => String(url))).toEqual(places);
  });
});

describe('a resource', () => {
  it.each([
    ['https://h/mcp', 'https://h/mcp', true],
    ['https://h', 'https://h/mcp', true],
    ['https://h/', 'https://h/mcp', true],
    ['https://h/api', 'https://h/api/mcp', true],
    ['https://h/api/', 'https://h/api/mcp', true],
    ['https://h/api/', 'https://h/api', true],
    ['HTTPS://H/mcp', 'https://h/mcp', true],
    ['https://h:443/mcp', 'https://h/mcp', true],
    ['https://h/mcp?tenant=1', 'https://h/mcp?tenant=1', true],
    ['https://h/mcp?tenant=2', 'https://h/mcp?tenant=1', false],
    ['https://h/api', 'https://h/api123', false],
    ['https://h/api/mcp', 'https://h/api', false],
    ['http://h/mcp', 'https://h/mcp', false],
    ['https://h:8443/mcp', 'https://h/mcp', false],
    ['https://h.evil/mcp', 'https://h/mcp', false],
    ['https://user@h/mcp', 'https://h/mcp', false],
    ['https://h/mcp#x', 'https://h/mcp', false],
    ['h/mcp', 'https://h/mcp', false],
  ])('%s fits the server %s: %s (M-24)', (resource, server, fits) => {
    expect(fitsResource(resource, server)).toBe(fits);
  });
});

describe('an endpoint’s host', () => {
  it.each([
    ['example.com', 'example.com', true],
    ['EXAMPLE.com.', 'example.com', true],
    ['api.example.com', 'example.com', true],
    ['api.example.com', 'login.example.com', true],
    ['example.com', 'login.example.com', true],
    ['api.example.co.uk', 'login.example.co.uk', true],
    ['evil.co.uk', 'example.co.uk', false],
    ['evil.com', 'example.com', false],
    ['notexample.com', 'example.com', false],
    ['example.com.evil.com', 'example.com', false],
    ['evil.github.io', 'good.github.io', false],
    ['api.good.github.io', 'good.github.io', true],
    ['evil.eu.b2clogin.com', 'good.b2clogin.com', false],
    ['eu.good.b2clogin.com', 'good.b2clogin.com', true],
    ['evil.auth0.com', 'good.auth0.com', false],
    ['evil.us.auth0.com', 'good.us.auth0.com', true],
    ['auth0.com', 'good.auth0.com', false],
    ['evil.kobe.jp', 'good.kobe.jp', false],
    ['evil.s3.amazonaws.com', 'cognito-idp.eu-west-1.amazonaws.com', false],
    ['evil-uc.a.run.app', 'good-uc.a.run.app', false],
    ['evil.up.railway.app', 'good.up.railway.app', false],
    ['api.example.internal', 'login.example.internal', true],
    ['evil.internal', 'example.internal', false],
    ['com', 'example.com', false],
    ['evil', 'localhost', false],
    ['localhost', 'localhost', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['1.127.0.0.1', '127.0.0.1', false],
    ['10.0.0.1', '11.0.0.1', false],
  ])('%s belongs to the owner of %s: %s (M3)', async (host, issuer, belongs) => {
    await expect(sharesDomain(host, issuer)).resolves.toBe(belongs);
  });

  it('on the operator’s list is that domain or below it, and no sister', async () => {
    await expect(isWithin('oauth2.example.com', 'Example.com')).resolves.toBe(true);
    await expect(isWithin('oauth2.googleapis.com', 'oauth2.googleapis.com')).resolves.toBe(true);
    await expect(isWithin('oauth2.googleapis.com', 'googleapis.com')).resolves.toBe(false);
    await expect(isWithin('sister.example.com', 'api.example.com')).resolves.toBe(false);
    await expect(isWithin('evil.github.io', 'github.io')).resolves.toBe(false);
    await expect(isWithin('1.127.0.0.1', '127.0.0.1')).resolves.toBe(false);
  });
});

describe('the URL of a server', () => {
  it.each([
    ['HTTPS://MCP.Example:443/Mcp#part', 'https://mcp.example/Mcp'],
    ['https://mcp.example/', 'https://mcp.example'],
    ['https://mcp.example', 'https://mcp.example'],
    ['https://mcp.example/mcp/', 'https://mcp.example/mcp/'],
    ['https://mcp.example/mcp?tenant=1', 'https://mcp.example/mcp?tenant=1'],
    ['https://user:pass@mcp.example/', undefined],
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
    'https://valetkey.example/client.json#x',
    'client.json',
  ])('may not put client metadata documents at %s (M-12)', (client_metadata_url) => {
    expect(mcpPolicySchema.safeParse({ client_metadata_url }).success).toBe(false);
  });

  it.each<[string, object, boolean]>([
    ['with their issuer', { issuer: 'https://login.example', token_endpoint: 'https://login.example/token' }, true],
    ['alone: whose are they?', { token_endpoint: 'https://login.example/token' }, false],
    ['over http', { issuer: 'https://login.example', token_endpoint: 'http://login.example/token' }, false],
    ['with a password', { issuer: 'https://login.example', token_endpoint: 'https://u:p@login.example/' }, false],
    ['as a script', { issuer: 'https://login.example', authorization_endpoint: 'javascript:alert(1)' }, false],
    ['as no URL', { issuer: 'https://login.example', revocation_endpoint: '/revoke' }, false],
    ['and an issuer that is none', { issuer: 'login', token_endpoint: 'https://login.example/token' }, false],
  ])('may name endpoints %s: %j -> %s (S1-15)', (_what, rules, isGood) => {
    expect(mcpPolicySchema.safeParse({ servers: { 'https://mcp.example': rules } }).success).toBe(isGood);
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
  ])('let tenant t use %s under %j: %s', (url, policy, may) => {
    const server = canonicalServerUrl(url) ?? '';
    expect(maySpeakTo(policy, tenantIdSchema.parse('t'), server)).toBe(may);
  });

  it('have no unknown fields', () => {
    expect(mcpPolicySchema.safeParse({ servers: { 'https://mcp.example': { asume_pkce_s256: true } } }).success).toBe(
      false,
    );
  });
});
