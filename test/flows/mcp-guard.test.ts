/** Every URL that an MCP server or its metadata can name leaves by the guarded way: a listener on loopback sees nobody. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import { registerClient } from '../../src/protocol/client-registration.js';
import { findServerMetadata } from '../../src/protocol/discovery.js';
import { createGuardedHttp, type GuardedHttp } from '../../src/protocol/guarded-http.js';
import { findResourceMetadata } from '../../src/protocol/resource-metadata.js';
import { revokeTokens } from '../../src/protocol/revocation.js';
import { refreshTokens } from '../../src/protocol/token-endpoint.js';
import { type Canary, startCanary } from '../support/canary.js';
import { type McpWorld, type McpWorldOptions, openMcpWorld } from '../support/mcp-world.js';
import { registeredProvider } from '../support/registered-provider.js';
import { entryAt } from '../support/scripted-server.js';

let canary: Canary;
const worlds: McpWorld[] = [];

beforeEach(async () => {
  canary = await startCanary();
});

afterEach(async () => {
  await Promise.all([...worlds.splice(0), canary].map((each) => each.close()));
});

async function open(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  worlds.push(world);
  return world;
}

const ask = (world: McpWorld) => world.manager.mcp.requireToken('ada', world.url);

const tokenSet = {
  accessToken: new Secret('at'),
  refreshToken: new Secret('rt'),
  tokenType: 'Bearer',
  obtainedAt: 0,
  scope: [],
};

function providerAt(url: string): Provider {
  const revocation = {
    endpoint: url,
    method: 'POST',
    authentication: 'none',
    body: 'form',
    parameter: 'token',
    token: 'refresh',
    reach: 'grant',
  } as const;
  return {
    ...registeredProvider('foreign', entryAt('https://mcp.example')),
    tokenEndpoint: url,
    revocation,
    foreign: true,
  };
}

describe('every place where a URL comes from (M-50)', () => {
  const hosts = ['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '2130706433', 'rebound.example'];
  const question = { allowInsecureLoopback: false, forPeople: true };

  /** Every request that a foreign URL can cause. */
  const sources: readonly [string, (http: GuardedHttp, url: string) => Promise<unknown>][] = [
    ['MCP server', (http, url) => http.stream(url, { method: 'POST', body: '{}' })],
    ['resource_metadata', (http, url) => findResourceMetadata(http, { serverUrl: url, hints: [url], origins: [] })],
    ['resource metadata', (http, url) => findResourceMetadata(http, { serverUrl: url, hints: [], origins: [] })],
    ['authorization_servers', (http, url) => findServerMetadata(http, { ...question, issuer: url })],
    [
      'registration_endpoint',
      (http, endpoint) => registerClient(http, { endpoint, name: 'n', redirectUri: 'https://v.example/cb' }),
    ],
    ['token_endpoint', (http, url) => refreshTokens(providerAt(url), tokenSet, http)],
    [
      'revocation_endpoint',
      async (http, url) => expect(await revokeTokens(providerAt(url), tokenSet, http)).toBe('no'),
    ],
  ];

  it.each(sources.flatMap(([name, reach]) => hosts.map((host) => [name, host, reach] as const)))(
    'leads nowhere private: %s at %s',
    async (name, host, reach) => {
      const http = createGuardedHttp({ deadlineMs: 1_000, resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
      const reached = reach(http, `https://${host}:${canary.port}/x`);
      if (name === 'revocation_endpoint') await reached;
      else await expect(reached).rejects.toThrow();
      expect(canary.connections()).toBe(0);
      await http.close();
    },
  );

  it.each(['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint'])(
    'is held to the issuer and its domain: %s',
    async (name) => {
      const world = await open({ metadata: { [name]: `https://private.example:${canary.port}/` } });
      const error = await ask(world).catch((thrown) => thrown);
      const isOptional = name === 'revocation_endpoint';
      expect(error.code).toBe(isOptional ? 'not_connected' : 'discovery_failed');
      if (isOptional) {
        await world.connect(error.connectUrl);
        const [connection] = await world.manager.listUserConnections('ada');
        await expect(world.manager.deleteToken('ada', connection?.provider ?? '')).resolves.toEqual({
          revoked: 'unsupported',
        });
      }
      expect(canary.connections()).toBe(0);
    },
  );

  it.each(['https://127.0.0.1:1/', 'ftp://x/', 'https://user:pass@mcp.example/', 'mcp.example', ''])(
    'is checked for the server itself: %s',
    async (url) => {
      const world = await open();
      const error = await world.manager.mcp.requireToken('ada', url).catch((thrown) => thrown);
      expect(error.code).toMatch(/invalid_request|provider_unavailable/);
      expect(error.message).not.toContain('pass');
    },
  );
});
