/** What the operator says of a server comes before what discovery finds, which fills in the rest (S1-15). */

import { afterEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import type { ServerPolicy } from '../../src/core/mcp-policy.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { findServerMetadata } from '../../src/protocol/discovery.js';
import {
  type McpWorld,
  type McpWorldOptions,
  metadataOf,
  openMcpWorld,
  places,
  resourceOf,
} from '../support/mcp-world.js';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { scriptTokens } from '../support/scripted-tokens.js';

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

type Rules = (urls: { server: string; issuer: string }) => ServerPolicy;

async function open(rules?: Rules, options: McpWorldOptions = {}): Promise<McpWorld> {
  const policy: McpWorldOptions['policy'] = (urls) => ({ servers: { [urls.server]: rules?.(urls) ?? {} } });
  const world = await openMcpWorld({ ...options, ...(rules && { policy }) });
  opened.push(world);
  return world;
}

/** A server at which nobody asks for metadata, called by a name that is not the issuer's. */
async function openElsewhere(): Promise<ScriptedServer & { readonly named: string }> {
  const server = await startScriptedServer();
  scriptTokens(server);
  opened.push(server);
  return { ...server, named: server.url.replace('127.0.0.1', 'localhost') };
}

async function linkOf(world: McpWorld, manager: OAuthManager = world.manager): Promise<string> {
  const error = await manager.mcp.requireToken('ada', world.url).catch((thrown: unknown) => thrown);
  if (!(error instanceof OAuthNotConnected)) throw error;
  return error.connectUrl;
}

const paths = (server: ScriptedServer) => server.requests.map(({ path }) => path);

describe('endpoints that the operator names', () => {
  it('come before those of the metadata, also on a host that is not the issuer’s', async () => {
    const elsewhere = await openElsewhere();
    const world = await open(({ issuer }) => ({ issuer, token_endpoint: `${elsewhere.named}/token` }));
    elsewhere.answer('/token', { json: { access_token: 'at', token_type: 'Bearer' } });
    const authorizationUrl = await world.connect(await linkOf(world));
    expect(authorizationUrl.origin).toBe(world.issuer.url);
    expect(paths(elsewhere)).toEqual(['/token']);
    expect(paths(world.issuer)).toEqual([places.metadata, '/register', '/authorize']);
  });

  it('stand in for what the metadata lacks; only the missing ones come from there', async () => {
    const world = await open(({ issuer }) => ({ issuer, authorization_endpoint: `${issuer}/authorize` }), {
      metadata: { authorization_endpoint: undefined },
    });
    await world.connect(await linkOf(world));
    expect(paths(world.issuer)).toEqual([places.metadata, '/register', '/authorize', '/token']);
  });

  it('are enough for a server that has no metadata at all, once S256 is vouched for as well', async () => {
    const rules: Rules = ({ issuer }) => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
    });
    const silent = (world: McpWorld) => {
      world.server.answer(places.resource, { status: 404 });
      world.issuer.answer(places.metadata, { status: 404 });
    };
    const doubtful = await open(rules);
    silent(doubtful);
    await expect(doubtful.manager.mcp.requireToken('ada', doubtful.url)).rejects.toMatchObject({ step: 'pkce' });
    const world = await open((urls) => ({ ...rules(urls), assume_pkce_s256: true }));
    silent(world);
    const { searchParams } = await world.connect(await linkOf(world));
    expect(searchParams.get('resource')).toBe(world.url);
    const [connection] = await world.manager.listUserConnections('ada');
    await expect(world.manager.deleteToken('ada', connection?.provider ?? '')).resolves.toEqual({ revoked: 'yes' });
    expect(world.issuer.requestsTo('/revoke')).toHaveLength(1);
  });

  it('may be on any host, but over https as all are', async () => {
    const issuer = 'https://login.example';
    const post = () => Promise.reject(new Error('Nothing is posted to find metadata.'));
    const http = { fetch: async () => Response.json(metadataOf(issuer)), post, now: Date.now };
    const find = (configured: ServerPolicy) =>
      findServerMetadata(http, { issuer, allowInsecureLoopback: false, forPeople: true, configured });
    await expect(find({ token_endpoint: 'http://127.0.0.1:1/token' })).rejects.toMatchObject({
      step: 'authorization_server_metadata',
    });
    await expect(find({ token_endpoint: 'https://elsewhere.example/token' })).resolves.toMatchObject({
      tokenEndpoint: 'https://elsewhere.example/token',
      registrationEndpoint: `${issuer}/register`,
    });
  });
});

describe('an authorization server that the operator names', () => {
  it('comes before those that the server names, which are not asked', async () => {
    const named = await startScriptedServer();
    opened.push(named);
    named.answer(places.metadata, { json: metadataOf(named.url) });
    named.answer('/register', { status: 201, json: { client_id: 'c' } });
    const world = await open(() => ({ issuer: named.url }));
    await linkOf(world);
    expect(paths(named)).toEqual([places.metadata, '/register']);
    expect(world.issuer.requests).toEqual([]);
  });

  it.each<[string, (world: McpWorld) => void]>([
    ['names none', (world) => world.server.answer(places.resource, { json: { resource: world.url } })],
    ['has no metadata', (world) => world.server.answer(places.resource, { status: 404 })],
  ])('is enough for a server that %s', async (_what, change) => {
    const world = await open(({ issuer }) => ({ issuer }));
    change(world);
    await world.connect(await linkOf(world));
    await expect(world.manager.mcp.findToken('ada', world.url)).resolves.toBeDefined();
  });

  it('makes no other resource good', async () => {
    const world = await open(({ issuer }) => ({ issuer }));
    world.server.answer(places.resource, { json: resourceOf('https://other.example/mcp', world.issuer.url) });
    await expect(linkOf(world)).rejects.toMatchObject({ step: 'resource_metadata' });
  });
});

describe('the operator’s word', () => {
  it('stands in log and audit trail by its names, without its values', async () => {
    const world = await open(({ issuer }) => ({ issuer, token_endpoint: `${issuer}/token` }));
    await linkOf(world);
    const trail = await world.manager.audit.read(defaultTenant, undefined, 100);
    const departures = trail.filter(({ entry }) => entry.act === 'mcp.departure');
    expect(departures.map(({ entry }) => entry.reason)).toEqual(['token_endpoint issuer']);
    expect(world.logged.join()).toContain('token_endpoint');
    expect(world.logged.join()).not.toContain(`${world.issuer.url}/token`);
  });

  it('counts at once for connections that are there: their refresh goes where it says', async () => {
    const world = await open();
    await world.connect(await linkOf(world));
    const [connection] = await world.manager.listUserConnections('ada');
    const elsewhere = await openElsewhere();
    elsewhere.answer('/token', { json: { access_token: 'moved', token_type: 'Bearer' } });
    const rules = { issuer: world.issuer.url, token_endpoint: `${elsewhere.named}/token` };
    const restarted = await world.openSibling({ servers: { [world.url]: rules } });
    world.clock.advance(3_600_000 + 1_000);
    const token = await restarted.requireToken('ada', connection?.provider ?? '');
    expect(token.accessToken.reveal()).toBe('moved');
    expect(world.tokens.refreshCount()).toBe(0);
  });

  it('on one issuer sends nothing of another one there (M-44)', async () => {
    const world = await open();
    await world.connect(await linkOf(world));
    const [connection] = await world.manager.listUserConnections('ada');
    const elsewhere = await openElsewhere();
    const rules = { issuer: elsewhere.url, token_endpoint: `${elsewhere.url}/token` };
    const restarted = await world.openSibling({ servers: { [world.url]: rules } });
    world.clock.advance(3_600_000 + 1_000);
    await restarted.requireToken('ada', connection?.provider ?? '');
    expect(world.tokens.refreshCount()).toBe(1);
    expect(elsewhere.requests).toEqual([]);
    // For the server itself the new word counts: the person connects there.
    await expect(restarted.mcp.findToken('ada', world.url)).resolves.toBeUndefined();
  });

  it('makes us look again when it changes, not a day later', async () => {
    const world = await open((_urls) => ({ assume_pkce_s256: true }), {
      metadata: { code_challenge_methods_supported: undefined },
    });
    await linkOf(world);
    await linkOf(world);
    expect(world.server.requestsTo(places.resource)).toHaveLength(1);
    const strict = await world.openSibling({});
    await expect(strict.mcp.requireToken('ada', world.url)).rejects.toMatchObject({ step: 'pkce' });
    expect(world.server.requestsTo(places.resource)).toHaveLength(2);
  });
});
