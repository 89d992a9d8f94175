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
import { challengeOf, type McpWorld, openMcpWorld } from '../support/mcp-world.js';

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

const lines: readonly [string, (provider: ReturnType<typeof createOAuthClientProvider>) => Promise<unknown>][] = [
  [
    '@modelcontextprotocol/client',
    (authProvider) => {
      const transport = new StreamableHTTPClientTransport(new URL(world.url), { authProvider });
      return new Client(information).connect(transport);
    },
  ],
  [
    '@modelcontextprotocol/sdk',
    (authProvider) => {
      const transport = new TransportV1(new URL(world.url), { authProvider });
      return new ClientV1(information).connect(transport as Parameters<ClientV1['connect']>[0]);
    },
  ],
];

describe.each(lines)('createOAuthClientProvider with %s', (_line, connect) => {
  const outcome = async (provider = createOAuthClientProvider({ userId: 'ada', manager: world.manager }, world.url)) =>
    connect(provider).catch((thrown: unknown) => thrown);
  const challenge = (status: number, more: string) => ({
    status,
    headers: { 'www-authenticate': challengeOf(world.server.url, more) },
  });
  /** What the person is asked for at the authorization server. */
  const askedOf = async (error: unknown, change?: (answer: URLSearchParams) => void) => {
    if (!(error instanceof OAuthNotConnected)) throw error;
    return (await world.connect(error.connectUrl, change)).searchParams.get('scope');
  };

  it('asks for the scope of the challenge, not for all that the server lists (M-30, M-31)', async () => {
    world.server.answer('/mcp', challenge(401, ', scope="files"'));
    expect(await askedOf(await outcome())).toBe('files');
  });

  it('on 403 asks for the union, renews nothing, and gives up when the person says no (M-33, M-34, M-35)', async () => {
    world.server.answer('/mcp', challenge(401, ', scope="files"'));
    await askedOf(await outcome());
    world.server.answer('/mcp', challenge(403, ', error="insufficient_scope", scope="write"'));
    const error = await outcome();
    expect(error).toMatchObject({ reason: 'insufficient_scope', missingScopes: ['write'] });
    const sayNo = (answer: URLSearchParams) => {
      answer.delete('code');
      answer.set('error', 'access_denied');
    };
    expect(await askedOf(error, sayNo)).toBe('files write');
    expect(await outcome()).toHaveProperty('message', 'Unauthorized');
    expect(world.issuer.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
  });

  it('comes to its end in programs that discover by themselves', async () => {
    const provider = createOAuthClientProvider({ userId: 'ada', manager: world.manager }, world.url);
    const older = { ...provider, discoveryState: () => undefined as never };
    await askedOf(await outcome(older));
    expect(await older.tokens()).toMatchObject({ token_type: 'Bearer' });
  });
});
