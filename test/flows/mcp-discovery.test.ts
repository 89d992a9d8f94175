/** Discovery: what is asked in which order, what is refused, and that nobody is led astray. */

import { afterEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { discoveredIdOf, mcpCollections } from '../../src/core/mcp-server.js';
import { openStore } from '../../src/open-store.js';
import {
  challengeOf,
  type McpWorld,
  type McpWorldOptions,
  managerOptions,
  metadataOf,
  openMcpWorld,
  places,
  resourceOf,
} from '../support/mcp-world.js';
import { eventually } from '../support/redis.js';
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

describe('resource metadata (RFC 9728)', () => {
  it('is read where the challenge says, and nowhere else (M-02)', async () => {
    const world = await open();
    world.server.answer('/elsewhere', { json: resourceOf(world.url, world.issuer.url) });
    await expect(ask(world, `Bearer resource_metadata="${world.server.url}/elsewhere"`)).rejects.toMatchObject(
      notConnected,
    );
    expect(world.outside()).toEqual(['/elsewhere', places.metadata, '/register']);
  });

  it('missing there is an error: the well-known places are not tried (M-02)', async () => {
    const world = await open();
    const asked = ask(world, `Bearer resource_metadata="${world.server.url}/nothing"`);
    await expect(asked).rejects.toMatchObject({ code: 'discovery_failed', step: 'resource_metadata' });
    expect(world.outside()).toEqual(['/nothing']);
  });

  it('is looked for at the path, then at the root (M-03)', async () => {
    const world = await open();
    world.server.answer(places.resource, { status: 404 });
    world.server.answer(places.resourceRoot, { json: resourceOf(world.server.url, world.issuer.url) });
    await expect(ask(world, 'Bearer')).rejects.toMatchObject(notConnected);
    expect(world.outside().slice(0, 2)).toEqual([places.resource, places.resourceRoot]);
  });

  it('at the path keeps the root from being asked', async () => {
    const world = await open();
    await expect(ask(world)).rejects.toMatchObject(notConnected);
    expect(world.outside()).not.toContain(places.resourceRoot);
  });

  it('that the challenge names in a way no URL is written is looked for at the well-known places', async () => {
    const world = await open();
    await expect(ask(world, 'Bearer resource_metadata="not a url"')).rejects.toMatchObject(notConnected);
  });

  it('on another origin is refused, unless the operator allows that origin (M-57)', async () => {
    const world = await open();
    const elsewhere = await startScriptedServer();
    elsewhere.answer('/m', { json: resourceOf(world.url, world.issuer.url) });
    const header = `Bearer resource_metadata="${elsewhere.url}/m"`;
    await expect(ask(world, header)).rejects.toMatchObject({ step: 'resource_metadata', origin: elsewhere.url });
    expect(elsewhere.requests).toEqual([]);
    const lenient = await open({
      policy: ({ server }) => ({ servers: { [server]: { metadata_origins: [elsewhere.url] } } }),
    });
    elsewhere.answer('/m', { json: resourceOf(lenient.url, lenient.issuer.url) });
    await expect(ask(lenient, header)).rejects.toMatchObject(notConnected);
    await elsewhere.close();
  });

  it.each<[string, object]>([
    ['no resource', { resource: undefined }],
    ['a resource of another origin', { resource: 'https://other.example/mcp' }],
    ['a resource on another port', { resource: 'http://127.0.0.1:1/mcp' }],
    ['a resource beside the path', { resource: 'RESOURCE123' }],
    ['a resource with a fragment', { resource: 'RESOURCE#x' }],
    ['no authorization servers', { authorization_servers: undefined }],
    ['an empty list of authorization servers', { authorization_servers: [] }],
    ['an authorization server that is no URL', { authorization_servers: ['example'] }],
    ['an authorization server of another scheme', { authorization_servers: ['javascript:alert(1)'] }],
  ])('with %s is refused, and no authorization server is asked (M-04, M-24)', async (_what, change) => {
    const world = await open();
    const text = JSON.stringify({ ...resourceOf(world.url, world.issuer.url), ...change }).replace(
      'RESOURCE',
      world.url,
    );
    world.server.answer(places.resource, { text, headers: { 'content-type': 'application/json' } });
    await expect(ask(world)).rejects.toMatchObject({ code: 'discovery_failed', step: 'resource_metadata' });
    expect(world.issuer.requests).toEqual([]);
  });

  it.each([
    ['503', { status: 503 }],
    ['429', { status: 429 }],
    ['a cut connection', { cut: 'at_once' as const }],
  ])('that answers %s is a failure for now, not a reason to ask anybody else (M-08)', async (_what, answer) => {
    const world = await open();
    world.server.answer(places.resource, answer);
    await expect(ask(world)).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(world.outside()).toEqual([places.resource]);
  });

  it('that is nowhere is an error, unless the operator says that the server is an old one (M-09)', async () => {
    const world = await open();
    world.server.answer(places.resource, { status: 404 });
    await expect(ask(world)).rejects.toMatchObject({ step: 'resource_metadata', origin: world.server.url });
    const old = await open({ policy: ({ server }) => ({ servers: { [server]: { legacy_endpoints: true } } }) });
    old.server.answer(places.resource, { status: 404 });
    old.server.answer('/register', { status: 201, json: { client_id: 'old' } });
    await expect(ask(old)).rejects.toMatchObject(notConnected);
    expect(old.server.requestsTo('/register')).toHaveLength(1);
    expect(old.logged.join()).toContain('legacy_endpoints');
  });
});

describe('what was discovered', () => {
  it('is believed for a day, then read again at the next need (S1-14)', async () => {
    const world = await open();
    await ask(world).catch(() => undefined);
    await ask(world).catch(() => undefined);
    expect(world.server.requestsTo(places.resource)).toHaveLength(1);
    world.clock.advance(24 * 3_600_000 + 1);
    await ask(world).catch(() => undefined);
    expect(world.server.requestsTo(places.resource)).toHaveLength(2);
    expect(world.issuer.requestsTo('/register')).toHaveLength(1);
  });

  it('is found once for callers at the same time', async () => {
    const world = await open();
    await Promise.allSettled(
      Array.from({ length: 20 }, (_, user) => world.manager.mcp.requireToken(`u${user}`, world.url)),
    );
    expect(world.outside()).toEqual([places.resource, places.metadata, '/register']);
  });

  it('keeps two authorization servers apart that a server names to two processes at the same time (C1, M4)', async () => {
    const [world, other] = [await open(), await open()];
    const issuers = [world.issuer, other.issuer];
    world.server.answer(places.resource, ...issuers.map(({ url }) => ({ json: resourceOf(world.url, url) })));
    let letGo = () => {};
    const after = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const asking: Promise<unknown>[] = [];
    for (const issuer of issuers) {
      issuer.answer(places.metadata, { json: metadataOf(issuer.url), after });
      const process = await world.openSibling();
      asking.push(process.mcp.requireToken('ada', world.url).catch((thrown: unknown) => thrown));
      await eventually('its metadata is asked for', () => issuer.requestsTo(places.metadata).length > 0);
    }
    letGo();
    const links = (await Promise.all(asking)).map((error) =>
      error instanceof OAuthNotConnected ? error.connectUrl : '',
    );
    expect(new Set(links.map((link) => new URL(link).pathname)).size).toBe(2);
    for (const [index, link] of links.entries()) {
      expect((await world.connect(link)).origin).toBe(issuers[index]?.url);
      expect(issuers.map((issuer) => issuer.requestsTo('/token').length)).toEqual([1, index]);
    }
  });

  it('of one server is nothing to another, chosen to have its id', async () => {
    const world = await open();
    const error = await ask(world).catch((thrown: unknown) => thrown);
    await world.connect(error instanceof OAuthNotConnected ? error.connectUrl : '');
    const chosen = `${world.server.url}/chosen`;
    world.server.answer(`${places.resourceRoot}/chosen`, { json: resourceOf(chosen, world.issuer.url) });
    const { url: issuer } = world.issuer;
    const ids = [discoveredIdOf(chosen), discoveredIdOf(chosen, issuer), discoveredIdOf(chosen, issuer, '')] as const;
    const store = await openStore({ ...managerOptions, ...world.place });
    const victim = await store.documents.find(mcpCollections.provider, discoveredIdOf(world.url));
    // Two texts with one digest cannot be had here, so that the record of the one is put where the other's would be.
    await store.documents.put(mcpCollections.provider, ids[0], victim);
    for (const id of ids.slice(1)) {
      await expect(world.manager.mcp.requireToken('ada', chosen)).rejects.toMatchObject({ provider: id });
      await store.documents.put(mcpCollections.provider, id, victim);
      world.clock.advance(25 * 3_600_000);
    }
    const again = world.manager.mcp.requireToken('ada', chosen);
    await expect(again).rejects.toMatchObject({ code: 'discovery_failed', step: 'resource_metadata' });
    for (const id of ids) expect(await store.documents.find(mcpCollections.provider, id)).toEqual(victim);
    await store.close();
  });

  it('is for the servers that the operator allows to this tenant', async () => {
    const world = await open({
      policy: { deny: ['evil.example'], tenants: { guests: { allow: ['https://mcp.example'] } } },
    });
    await expect(world.manager.mcp.requireToken('ada', 'https://evil.example/mcp')).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'server_url',
    });
    await expect(world.manager.mcp.requireToken('ada', world.url, { tenant: 'guests' })).rejects.toMatchObject({
      field: 'server_url',
    });
    await expect(ask(world, challengeOf(world.server.url))).rejects.toMatchObject(notConnected);
  });

  it('is connected and used by its id under the same rules', async () => {
    const world = await open({ policy: { tenants: { guests: { deny: ['127.0.0.1'] } } } });
    const known = await ask(world).catch((error: unknown) => error);
    const provider = known instanceof OAuthNotConnected ? known.provider : '';
    const { connectUrl } = await world.manager.startConnect('ada', provider);
    await world.connect(connectUrl);
    expect(await world.manager.requireToken('ada', provider)).toMatchObject({ provider });
    const refused = { code: 'invalid_request', field: 'provider' };
    await expect(world.manager.startConnect('ada', provider, { tenant: 'guests' })).rejects.toMatchObject(refused);
    const later = await world.openSibling({ deny: ['127.0.0.1'] });
    await expect(later.startConnect('ada', provider)).rejects.toMatchObject(refused);
    await expect(later.requireToken('ada', provider)).rejects.toMatchObject(refused);
  });
});
