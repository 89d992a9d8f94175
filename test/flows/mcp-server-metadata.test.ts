/** Authorization server metadata of discovered servers: the order, what is refused, and which of several is taken. */

import { afterEach, describe, expect, it } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
import {
  type McpWorld,
  type McpWorldOptions,
  metadataOf,
  openMcpWorld,
  places,
  resourceOf,
} from '../support/mcp-world.js';
import { startScriptedServer } from '../support/scripted-server.js';

const worlds: McpWorld[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

async function open(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  worlds.push(world);
  return world;
}

const ask = (world: McpWorld, wwwAuthenticate?: string) =>
  world.manager.mcp.requireToken('ada', world.url, wwwAuthenticate === undefined ? {} : { wwwAuthenticate });

const notConnected = { code: 'not_connected' };

describe('authorization server metadata (RFC 8414)', () => {
  it.each<[string, object, string?]>([
    ['another issuer', { issuer: 'https://other.example' }],
    ['its own issuer with a path', { issuer: 'ISSUER/tenant' }],
    ['no token endpoint', { token_endpoint: undefined }],
    ['no authorization endpoint', { authorization_endpoint: undefined }],
    ['a token endpoint over http', { token_endpoint: 'http://mcp.example/token' }],
    ['a registration endpoint over http', { registration_endpoint: 'http://mcp.example/register' }],
    ['a token endpoint at a stranger', { token_endpoint: 'https://evil.example/token' }],
    ['a registration endpoint at a stranger', { registration_endpoint: 'https://evil.example/register' }],
    ['an authorization endpoint that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['an authorization endpoint that is data', { authorization_endpoint: 'data:text/html,x' }],
    ['an authorization endpoint that is a file', { authorization_endpoint: 'file:///etc/passwd' }],
    ['an authorization endpoint with a line break', { authorization_endpoint: 'ISSUER/auth\r\norize' }],
    ['an authorization endpoint with our parameters', { authorization_endpoint: 'ISSUER/authorize?client_id=x' }],
    ['no code among its response types', { response_types_supported: ['token'] }],
    ['no PKCE', { code_challenge_methods_supported: undefined }, 'pkce'],
    ['only plain PKCE', { code_challenge_methods_supported: ['plain'] }, 'pkce'],
  ])(
    'with %s is refused before anybody is sent anywhere (M-07, M-20, M-27, M-29, M3, M5)',
    async (_what, change, step) => {
      const world = await open();
      for (const place of [places.metadata, places.openid]) {
        const text = JSON.stringify({ ...metadataOf(world.issuer.url), ...change }).replaceAll(
          'ISSUER',
          world.issuer.url,
        );
        world.issuer.answer(places.metadata, { status: 404 });
        world.issuer.answer(place, { text, headers: { 'content-type': 'application/json' } });
        await expect(ask(world)).rejects.toMatchObject({
          code: 'discovery_failed',
          step: step ?? 'authorization_server_metadata',
          origin: world.issuer.url,
        });
      }
      expect(world.issuer.requestsTo('/register')).toEqual([]);
    },
  );

  it('is looked for in the order of the specification, never at the root of an issuer with a path (M-06)', async () => {
    const world = await open();
    const issuer = `${world.issuer.url}/tenant`;
    world.server.answer(places.resource, { json: resourceOf(world.url, issuer) });
    const last = '/tenant/.well-known/openid-configuration';
    world.issuer.answer(last, { json: { ...metadataOf(world.issuer.url), issuer } });
    await expect(ask(world)).rejects.toMatchObject(notConnected);
    expect(world.issuer.requests.map(({ path }) => path)).toEqual([
      `${places.metadata}/tenant`,
      `${places.openid}/tenant`,
      last,
      '/register',
    ]);
  });

  it('of a host without a path may differ by the last slash (M-07)', async () => {
    const world = await open();
    world.server.answer(places.resource, { json: resourceOf(world.url, `${world.issuer.url}/`) });
    await expect(ask(world)).rejects.toMatchObject(notConnected);
  });

  it('is taken with the departures that the operator allows, which log and audit trail name', async () => {
    const world = await open({
      metadata: { issuer: 'https://trusted.example', code_challenge_methods_supported: undefined },
      policy: ({ server }) => ({
        servers: {
          [server]: { trusted_issuer: 'https://trusted.example', assume_pkce_s256: true, omit_resource: true },
        },
      }),
    });
    const { connectUrl } = await ask(world).catch((error) => error);
    const authorizationUrl = await world.connect(connectUrl);
    expect(authorizationUrl.searchParams.has('resource')).toBe(false);
    expect(world.logged.join()).toContain('assume_pkce_s256');
    const trail = await world.manager.audit.read(defaultTenant, undefined, 100);
    const departures = trail.filter(({ entry }) => entry.act === 'mcp.departure');
    expect(departures.map(({ entry }) => entry.reason)).toEqual(['trusted_issuer assume_pkce_s256 omit_resource']);
  });

  it('of the first server that can be used is taken when there are several (S1-05)', async () => {
    const world = await open();
    const broken = await startScriptedServer();
    world.server.answer(places.resource, { json: resourceOf(world.url, broken.url, world.issuer.url) });
    await expect(ask(world)).rejects.toMatchObject(notConnected);
    expect(world.issuer.requestsTo('/register')).toHaveLength(1);
    await broken.close();
  });

  it.each(['example', 'javascript:alert(1)', 7])(
    'of the next server is taken where the first is no URL: %s (S1-05)',
    async (first) => {
      const world = await open();
      const json = { ...resourceOf(world.url), authorization_servers: [first, world.issuer.url] };
      world.server.answer(places.resource, { json });
      await expect(ask(world)).rejects.toMatchObject(notConnected);
      expect(world.issuer.requestsTo('/register')).toHaveLength(1);
    },
  );

  it('of the server where we have a client already comes before the first (S1-05)', async () => {
    const other = await startScriptedServer();
    other.answer(places.metadata, { json: metadataOf(other.url) });
    const world = await open({ policy: ({ issuer }) => ({ clients: [{ issuer, client_id: 'known' }] }) });
    world.server.answer(places.resource, { json: resourceOf(world.url, other.url, world.issuer.url) });
    await expect(ask(world)).rejects.toMatchObject(notConnected);
    expect(other.requests).toEqual([]);
    await other.close();
  });

  it('of none that can be used is an error that names all that were tried (S1-05)', async () => {
    const world = await open();
    const [one, two] = await Promise.all([startScriptedServer(), startScriptedServer()]);
    world.server.answer(places.resource, { json: resourceOf(world.url, one.url, two.url) });
    const error = await ask(world).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'discovery_failed', step: 'authorization_server_metadata' });
    expect(error.message).toContain(one.url);
    expect(error.message).toContain(two.url);
    await Promise.all([one.close(), two.close()]);
  });

  it('that is down keeps us from turning to another server (M-08)', async () => {
    const world = await open();
    const down = await startScriptedServer();
    down.answer(places.metadata, { status: 503 });
    world.server.answer(places.resource, { json: resourceOf(world.url, down.url, world.issuer.url) });
    await expect(ask(world)).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(world.issuer.requests).toEqual([]);
    await down.close();
  });
});
