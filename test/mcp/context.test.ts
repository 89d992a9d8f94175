/** Whose token an adapter brings: of that person in that tenant, under that label, and nobody else's. */

import { expect, it } from 'vitest';
import { createAuthProvider } from '../../src/mcp/auth-provider.js';
import type { McpContext } from '../../src/mcp/context.js';
import { createMcpFetch } from '../../src/mcp/mcp-fetch.js';
import { createOAuthClientProvider } from '../../src/mcp/oauth-client-provider.js';
import { call, needed, openWorld } from '../support/mcp-caller.js';
import { challengeOf, places, resourceOf } from '../support/mcp-world.js';

/** What each does after a 401, and the token that it sends next. */
const adapters: readonly [
  string,
  (context: McpContext, url: string) => { ask(): Promise<unknown>; sends(): Promise<number> },
][] = [
  [
    'createMcpFetch',
    (context, url) => {
      const ask = () => createMcpFetch(context, url)(url, call);
      return { ask, sends: async () => (await ask()).status };
    },
  ],
  [
    'createAuthProvider',
    (context, url) => {
      const provider = createAuthProvider(context, url);
      const headers = { 'www-authenticate': challengeOf(new URL(url).origin) };
      return {
        ask: () => provider.onUnauthorized({ response: new Response(null, { status: 401, headers }) }),
        sends: async () => ((await provider.token()) === undefined ? 401 : 200),
      };
    },
  ],
  [
    'createOAuthClientProvider',
    (context, url) => {
      const provider = createOAuthClientProvider(context, url);
      return {
        ask: () => provider.redirectToAuthorization(new URL('https://valetkey.invalid/authorize')),
        sends: async () => ((await provider.tokens()) === undefined ? 401 : 200),
      };
    },
  ],
];

it.each(adapters)('%s asks, and brings a token, for the tenant and the label of its context', async (_name, open) => {
  const world = await openWorld({});
  const { manager, url } = world;
  const whose = { tenant: 'acme', account: 'work' };
  const adapter = open({ userId: 'ada', ...whose, manager }, url);
  const { connectUrl } = await needed(adapter.ask());
  await world.connect(connectUrl);
  const labels = async (tenant?: string) =>
    (await manager.listUserConnections('ada', { tenant })).map(({ account }) => account);
  expect([await labels('acme'), await labels()]).toEqual([['work'], []]);
  expect(await adapter.sends()).toBe(200);
  const elsewhere = open({ userId: 'ada', account: 'work', manager }, url);
  expect(await elsewhere.sends().catch(() => 401)).toBe(401);
});

it('createAuthProvider hands on what the server says of the place of its metadata, and which token it refuses', async () => {
  const world = await openWorld({});
  const { manager, server, tokens, url } = world;
  server.answer(places.resource, { status: 404 });
  server.answer('/upload', { json: resourceOf(url, world.issuer.url) });
  const headers = { 'www-authenticate': `Bearer resource_metadata="${server.url}/upload"` };
  const provider = createAuthProvider({ userId: 'ada', manager }, url);
  const refuse = () => provider.onUnauthorized({ response: new Response(null, { status: 401, headers }) });
  await world.connect((await needed(refuse())).connectUrl);
  const first = await provider.token();
  await refuse();
  expect(tokens.refreshCount()).toBe(1);
  expect(await provider.token()).not.toBe(first);
});

it.each(adapters)('%s leads back to where its context says', async (_name, open) => {
  const world = await openWorld({});
  const { manager, url } = world;
  const adapter = open({ userId: 'ada', returnTo: 'https://elsewhere.example/', manager }, url);
  await expect(adapter.ask()).rejects.toMatchObject({ code: 'invalid_request', field: 'return_to' });
});
