/** Where resource metadata stands is a caller's word: what it changes for whom, when a file of a stranger is named. */

import { afterEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import type { McpAnswer } from '../../src/mcp-journeys.js';
import { type McpWorld, metadataOf, openMcpWorld, places, resourceOf } from '../support/mcp-world.js';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function openWorld(): Promise<McpWorld> {
  const world = await openMcpWorld();
  open.push(world);
  return world;
}

/** An authorization server that is nobody's whom the person trusts. */
async function openStranger(): Promise<ScriptedServer> {
  const stranger = await startScriptedServer();
  open.push(stranger);
  stranger.answer(places.metadata, { json: metadataOf(stranger.url) });
  stranger.answer('/register', { status: 201, json: { client_id: 'theirs' } });
  return stranger;
}

/** The provider that the person is asked to connect. */
async function offered(world: McpWorld, answer: McpAnswer = {}): Promise<string> {
  const error = await world.manager.mcp.requireToken('ada', world.url, answer).catch((thrown: unknown) => thrown);
  return error instanceof OAuthNotConnected ? error.provider : String(error);
}

/** What the authorization server would be asked for. */
async function wanted(world: McpWorld, provider: string): Promise<string | null> {
  const { connectUrl } = await world.manager.startConnect('grace', provider);
  const { searchParams } = await world.connect(connectUrl);
  return `${searchParams.get('scope')} at ${searchParams.get('resource')}`;
}

const naming = ({ server }: McpWorld, path: string): McpAnswer => ({
  wwwAuthenticate: `Bearer resource_metadata="${server.url}${path}"`,
});
const rejected = { rejectedTokenSha256: '0'.repeat(64) };

describe('resource metadata at a place that a caller names', () => {
  it('changes neither scope nor resource of what another tenant has discovered', async () => {
    const world = await openWorld();
    const provider = await offered(world);
    const stolen = { ...resourceOf(world.server.url, world.issuer.url), scopes_supported: ['delete_everything'] };
    world.server.answer('/files/stranger.json', { json: stolen });
    const theirs = await offered(world, { ...naming(world, '/files/stranger.json'), tenant: 'others' });
    expect(await wanted(world, theirs)).toBe(`delete_everything at ${world.server.url}`);
    expect(await wanted(world, provider)).toBe(`read at ${world.url}`);
  });

  it('is as good as any other where it says the same', async () => {
    const world = await openWorld();
    const provider = await offered(world);
    world.server.answer('/named.json', { json: resourceOf(world.url, world.issuer.url) });
    expect(await offered(world, { ...naming(world, '/named.json'), tenant: 'others' })).toBe(provider);
  });

  it('is asked first the next time, when nobody names a place', async () => {
    const world = await openWorld();
    world.server.answer(places.resource, { status: 404 });
    world.server.answer('/named.json', { json: resourceOf(world.url, world.issuer.url) });
    const provider = await offered(world, naming(world, '/named.json'));
    world.clock.advance(25 * 3_600_000);
    expect(await offered(world)).toBe(provider);
    expect(world.server.requestsTo('/named.json')).toHaveLength(2);
    world.server.answer('/named.json', { status: 404 });
    world.server.answer(places.resource, { json: resourceOf(world.url, world.issuer.url) });
    world.clock.advance(25 * 3_600_000);
    expect(await offered(world)).toBe(provider);
  });

  it('is asked no more when the operator no longer allows its origin', async () => {
    const world = await openMcpWorld({
      policy: ({ server, issuer }) => ({ servers: { [server]: { metadata_origins: [issuer] } } }),
    });
    open.push(world);
    world.server.answer(places.resource, { status: 404 });
    const { url } = world.issuer;
    world.issuer.answer('/named.json', { json: resourceOf(world.url, url) });
    const named = await offered(world, { wwwAuthenticate: `Bearer resource_metadata="${url}/named.json"` });
    expect(named).toMatch(/^mcp-/);
    expect(await offered({ ...world, manager: await world.openSibling({}) })).toContain('DiscoveryFailed');
    expect(world.issuer.requestsTo('/named.json')).toHaveLength(1);
  });

  it('is not believed of one person, whose tenant it would lead to a stranger', async () => {
    const [world, stranger] = [await openWorld(), await openStranger()];
    const provider = await offered(world);
    world.server.answer('/files/stranger.json', { json: resourceOf(world.url, stranger.url) });
    const lie = { ...naming(world, '/files/stranger.json'), ...rejected };
    expect(await offered(world, { ...lie, isPersons: true })).toBe(provider);
    expect(await offered(world)).toBe(provider);
    expect(stranger.requests).toEqual([]);
    expect(await offered(world, lie)).not.toBe(provider);
  });
});
