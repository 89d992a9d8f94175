/** The adapters, used by the clients of both lines of the MCP SDK against a real server of the SDK. */

import { auth, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { auth as authV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { createAuthProvider } from '../../src/mcp/auth-provider.js';
import type { McpContext } from '../../src/mcp/context.js';
import { createMcpFetch } from '../../src/mcp/mcp-fetch.js';
import { createOAuthClientProvider } from '../../src/mcp/oauth-client-provider.js';
import { type McpWorld, openMcpWorld } from '../support/mcp-world.js';

interface ToolServer {
  readonly url: string;
  registrations(): number;
  close(): Promise<void>;
}

let world: McpWorld;
let server: ToolServer;

beforeEach(async () => {
  // The server of the example; it is JavaScript, as examples are.
  const example: string = '../../examples/mcp-agent/mcp-server.mjs';
  const { startMcpServer } = await import(example);
  [world, server] = await Promise.all([openMcpWorld(), startMcpServer({ name: 'tools' })]);
});

afterEach(() => Promise.all([world.close(), server.close()]));

/** Calls the one tool, whatever the kind of client. */
async function whoami(
  client: Pick<Client, 'connect' | 'callTool' | 'close'>,
  transport: Parameters<Client['connect']>[0],
) {
  try {
    await client.connect(transport);
    return (await client.callTool({ name: 'whoami', arguments: {} })).content;
  } finally {
    await client.close();
  }
}

const information = { name: 'test', version: '1.0.0' };
const said = [{ type: 'text', text: 'you are undefined at tools' }];

const ways: readonly [string, (context: McpContext, url: string) => Promise<unknown>][] = [
  [
    'createMcpFetch with @modelcontextprotocol/client',
    (context, url) =>
      whoami(
        new Client(information),
        new StreamableHTTPClientTransport(new URL(url), { fetch: createMcpFetch(context, url) }),
      ),
  ],
  [
    'createAuthProvider with @modelcontextprotocol/client',
    (context, url) =>
      whoami(
        new Client(information),
        new StreamableHTTPClientTransport(new URL(url), { authProvider: createAuthProvider(context, url) }),
      ),
  ],
  [
    'createOAuthClientProvider with @modelcontextprotocol/client',
    (context, url) =>
      whoami(
        new Client(information),
        new StreamableHTTPClientTransport(new URL(url), { authProvider: createOAuthClientProvider(context, url) }),
      ),
  ],
  [
    'createOAuthClientProvider with @modelcontextprotocol/sdk',
    async (context, url) => {
      const client = new ClientV1(information);
      try {
        const transport = new TransportV1(new URL(url), { authProvider: createOAuthClientProvider(context, url) });
        await client.connect(transport as Parameters<ClientV1['connect']>[0]);
        return (await client.callTool({ name: 'whoami', arguments: {} })).content;
      } finally {
        await client.close();
      }
    },
  ],
];

describe.each(ways)('%s', (_name, call) => {
  it('asks for the person once, then calls the tool with that person’s token', async () => {
    const context = { userId: 'ada', manager: world.manager };
    const error = await call(context, server.url).catch((thrown: unknown) => thrown);
    if (!(error instanceof OAuthNotConnected)) throw error;
    await world.connect(error.connectUrl);
    expect(await call(context, server.url)).toEqual(said);
    expect(server.registrations()).toBe(1);
  });
});

describe('createOAuthClientProvider after a token was refused', () => {
  it.each([
    ['@modelcontextprotocol/client', auth],
    ['@modelcontextprotocol/sdk', authV1],
  ])('has it renewed, makes the flow of %s end without a request, and has the new one then', async (_package, flow) => {
    const context = { userId: 'ada', manager: world.manager };
    const provider = createOAuthClientProvider(context, world.url);
    const error = await world.manager.mcp.requireToken('ada', world.url).catch((thrown: unknown) => thrown);
    if (!(error instanceof OAuthNotConnected)) throw error;
    await world.connect(error.connectUrl);
    const refused = (await provider.tokens())?.access_token;
    let requests = 0;
    const fetchFn = async () => {
      requests += 1;
      return new Response();
    };
    const options = { serverUrl: world.url, fetchFn };
    await expect(flow(provider, options)).rejects.toMatchObject({ code: 'provider_unavailable', retryAfterMs: 0 });
    expect(requests).toBe(0);
    const renewed = (await provider.tokens())?.access_token ?? '';
    expect(renewed).not.toBe(refused);
    expect(world.tokens.isLive(renewed)).toBe(true);
  });
});
