/** Where metadata stands, which resource and which endpoints fit; compared with the MCP SDK where that is an oracle. */

import { buildDiscoveryUrls } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findServerMetadata, metadataPlaces } from '../../src/protocol/discovery.js';
import { isWithin, sharesDomain } from '../../src/protocol/domains.js';
import { createGuardedHttp } from '../../src/protocol/guarded-http.js';
import { fitsResource } from '../../src/protocol/resource-metadata.js';
import { startScriptedServer } from '../support/scripted-server.js';

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

describe('authorization server metadata', () => {
  it.each([null, ''])('may have %j for what the server has not (RFC 8414 3.2 would leave it out)', async (none) => {
    const server = await startScriptedServer();
    const http = createGuardedHttp({ allowInsecureLoopback: true });
    onTestFinished(async () => void (await Promise.all([server.close(), http.close()])));
    const has = { issuer: server.url, authorization_endpoint: `${server.url}/a`, token_endpoint: `${server.url}/t` };
    const lacks = ['registration_endpoint', 'revocation_endpoint', 'token_endpoint_auth_methods_supported', 'jwks_uri'];
    const json = (without: readonly string[]) => ({
      ...has,
      code_challenge_methods_supported: ['S256'],
      ...Object.fromEntries(without.map((name) => [name, none])),
    });
    server.answer('/.well-known/oauth-authorization-server', { json: json(lacks) });
    const question = { issuer: server.url, allowInsecureLoopback: true, forPeople: true };
    expect(await findServerMetadata(http, question)).toMatchObject({ tokenEndpoint: `${server.url}/t` });
    expect(await findServerMetadata(http, question)).not.toHaveProperty('registrationEndpoint');
    server.answer('/.well-known/oauth-authorization-server', { json: json(['code_challenge_methods_supported']) });
    await expect(findServerMetadata(http, question)).rejects.toMatchObject({ step: 'pkce' });
    server.answer('/.well-known/oauth-authorization-server', { json: json(['issuer']) });
    await expect(findServerMetadata(http, question)).rejects.toMatchObject({
      step: 'authorization_server_metadata',
    });
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

  it.each([
    'auth0.com',
    'azurecontainerapps.io',
    'b2clogin.com',
    'ciamlogin.com',
    'okta.com',
    'oktapreview.com',
    'onelogin.com',
    'windows.net',
  ])('below %s is another customer’s with each name (M3)', async (suffix) => {
    await expect(sharesDomain(`evil-good.${suffix}`, `good.${suffix}`)).resolves.toBe(false);
    await expect(isWithin(`evil.${suffix}`, suffix)).resolves.toBe(false);
  });

  it('on the operator’s list is that domain or below it, and no sister', async () => {
    await expect(isWithin('oauth2.example.com', 'Example.com')).resolves.toBe(true);
    await expect(isWithin('oauth2.googleapis.com', 'oauth2.googleapis.com')).resolves.toBe(true);
    await expect(isWithin('oauth2.googleapis.com', 'googleapis.com')).resolves.toBe(false);
    await expect(isWithin('sister.example.com', 'api.example.com')).resolves.toBe(false);
    await expect(isWithin('evil.github.io', 'github.io')).resolves.toBe(false);
    await expect(isWithin('1.127.0.0.1', '127.0.0.1')).resolves.toBe(false);
    // A short way of writing an address, which an operator may have used, is no domain above others.
    await expect(isWithin('10.0.127.1', '127.1')).resolves.toBe(false);
  });
});
