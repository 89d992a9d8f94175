/** Calls of an MCP server through the interceptor, by users who connect when needed. */

import { onTestFinished } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { createMcpFetch } from '../../src/mcp/mcp-fetch.js';
import { type McpWorld, type McpWorldOptions, openMcpWorld } from './mcp-world.js';

/** Opens a world that ends with the test. */
export async function openWorld(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  onTestFinished(() => world.close());
  return world;
}

/** The request to the MCP server. */
export const call = {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-own': 'kept' },
  body: '{"id":1}',
};

/** The interceptor of one user. */
export const fetchFor = (world: McpWorld, userId = 'ada') =>
  createMcpFetch({ userId, manager: world.manager }, world.url);

/** The error which says that a person has to connect; any other outcome is thrown. */
export async function needed(work: Promise<unknown>): Promise<OAuthNotConnected> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OAuthNotConnected) return error;
  throw error ?? new TypeError('nobody was needed');
}

/** Connects a user as a person would, on the first 401. */
export async function connected(world: McpWorld, userId = 'ada') {
  const mcpFetch = fetchFor(world, userId);
  const { connectUrl } = await needed(mcpFetch(world.url, call));
  const authorizationUrl = await world.connect(connectUrl);
  return { mcpFetch, authorizationUrl };
}

/** The `Authorization` header of a request; negative places count from the last. */
export const bearerOf = (world: McpWorld, at: number) => world.server.requestsTo('/mcp').at(at)?.headers.authorization;
