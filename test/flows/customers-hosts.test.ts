/** Providers at which every customer has a host of its own: what goes wrong at one of them stops nobody at the others. */

import { expect, onTestFinished, test } from 'vitest';
import { startScriptedServer } from '../support/scripted-server.js';
import { openService } from '../support/service.js';

const hour = 3_600_000;

/** A service, and a connection of one user to each of these hosts. */
async function connectedTo(...hosts: readonly string[]) {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const entry = {
    template: 'zendesk',
    client_id: 'c',
    client_secret: 's',
    token_endpoint: `${server.url}/{subdomain}/token`,
    userinfo_endpoint: `${server.url}/{subdomain}/me`,
  };
  const service = await openService({
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async () => ({ desk: entry }),
  });
  const { manager } = service;
  for (const subdomain of hosts) {
    server.answer(`/${subdomain}/token`, { json: { access_token: 'at-1', refresh_token: 'rt-1', expires_in: 3600 } });
    server.answer(`/${subdomain}/me`, { json: { user: { id: 1 } } });
    const code = await manager.createLinkCode(subdomain, 'desk', { parameters: { subdomain } });
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('desk', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    await manager.finishAuthorization('desk', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  }
  return { ...service, server };
}

test.each([
  ['closed', { status: 404 }],
  ['sent on', { status: 302, headers: { location: 'https://www.example.com/closed' } }],
  ['throttled', { status: 429, headers: { 'retry-after': '3600' } }],
])('a host that is %s costs one request, and the tokens of the others are refreshed as ever', async (_what, answer) => {
  const { manager, server, clock } = await connectedTo('one', 'other');
  server.answer('/one/token', answer);
  server.answer('/other/token', { json: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 3600 } });
  clock.advance(hour);
  const asked = server.requestsTo('/one/token').length;
  for (const _again of [1, 2, 3]) await expect(manager.requireToken('one', 'desk')).rejects.toThrow();
  expect(server.requestsTo('/one/token')).toHaveLength(asked + 1);
  const { accessToken } = await manager.requireToken('other', 'desk');
  expect(accessToken.reveal()).toBe('at-2');
});
