/** A token endpoint that is not where it was: a refresh fails before the MCP server can answer 401. */

import { expect, it, onTestFinished } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { createMcpFetch } from '../../src/mcp/mcp-fetch.js';
import {
  type McpWorld,
  type McpWorldOptions,
  metadataOf,
  openMcpWorld,
  places,
  resourceOf,
} from '../support/mcp-world.js';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

/** A world in which Ada is connected, and her token has ended. */
async function openConnected(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  onTestFinished(() => world.close());
  const error = await world.manager.mcp.requireToken('ada', world.url).catch((thrown: unknown) => thrown);
  if (!(error instanceof OAuthNotConnected)) throw error;
  await world.connect(error.connectUrl);
  world.clock.advance(3_601_000);
  return world;
}

async function openServer(): Promise<ScriptedServer> {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  return server;
}

const call = ({ manager, url, server }: McpWorld) =>
  createMcpFetch({ manager, userId: 'ada' }, url)(`${server.url}/mcp`, { method: 'POST', body: 'hello' });

it.each([404, 405, 410, 308])('is looked for in the metadata once more after %s (M-10)', async (status) => {
  const world = await openConnected();
  const moved = `${world.issuer.url}/v2/token`;
  world.issuer.answer('/token', { status, headers: { location: moved } });
  world.issuer.answer('/v2/token', world.tokens.redeem);
  world.issuer.answer(places.metadata, { json: { ...metadataOf(world.issuer.url), token_endpoint: moved } });
  expect((await call(world)).status).toBe(200);
  expect(world.tokens.refreshCount()).toBe(1);
});

it('that is gone for good is not looked for all the time, and the error stays what it was', async () => {
  const world = await openConnected();
  world.issuer.answer('/token', { status: 404 });
  for (let count = 0; count < 20; count += 1)
    await expect(call(world)).rejects.toMatchObject({ code: 'provider_misconfigured' });
  expect(world.server.requestsTo(places.resource).length).toBeLessThanOrEqual(7);
});

it('of a server that has moved to another authorization server leads to a link there', async () => {
  const world = await openConnected();
  const other = await openServer();
  world.issuer.answer('/token', { status: 404 });
  other.answer(places.metadata, { json: metadataOf(other.url) });
  other.answer('/register', { status: 201, json: { client_id: 'other' } });
  world.server.answer(places.resource, { json: resourceOf(world.url, other.url) });
  await expect(call(world)).rejects.toMatchObject({ code: 'not_connected' });
  expect(other.requests.map(({ path }) => path)).toEqual([places.metadata, '/register']);
});

it('on a host that is gone is looked for when a day is over, and not before', async () => {
  const host = await startScriptedServer();
  const world = await openMcpWorld({ metadata: { token_endpoint: `${host.url}/token` } });
  onTestFinished(() => world.close());
  host.answer('/token', world.tokens.redeem);
  const error = await world.manager.mcp.requireToken('ada', world.url).catch((thrown: unknown) => thrown);
  if (!(error instanceof OAuthNotConnected)) throw error;
  await world.connect(error.connectUrl);
  await host.close();
  world.issuer.answer(places.metadata, { json: metadataOf(world.issuer.url) });
  world.clock.advance(3_601_000);
  await expect(call(world)).rejects.toMatchObject({ code: 'provider_unavailable' });
  expect(world.issuer.requestsTo(places.metadata)).toHaveLength(1);
  world.clock.advance(24 * 3_600_000);
  expect((await call(world)).status).toBe(200);
});
