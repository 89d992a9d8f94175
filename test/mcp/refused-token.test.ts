/** A server that refuses a token that seemed good: renewed once, looked at again, never in circles. */

import { describe, expect, it } from 'vitest';
import { call, connected, needed, openWorld } from '../support/mcp-caller.js';
import { challengeOf, places } from '../support/mcp-world.js';
import { storeKinds } from '../support/service.js';

describe.each(storeKinds)('a token that is refused, on the %s store', (store) => {
  it('is renewed once, and a server that refuses the new one as well is an error, not a loop (S1-12)', async () => {
    const world = await openWorld({ store });
    const { mcpFetch } = await connected(world);
    world.server.answer('/mcp', {
      status: 401,
      headers: { 'www-authenticate': challengeOf(world.server.url, ', error="invalid_token"') },
    });
    const before = world.server.requestsTo('/mcp').length;
    await expect(mcpFetch(world.url, call)).rejects.toMatchObject({
      code: 'discovery_failed',
      step: 'token',
      origin: world.server.url,
    });
    expect(world.server.requestsTo('/mcp').length - before).toBe(2);
    expect(world.tokens.refreshCount()).toBe(1);
  });

  it('makes us read the metadata again: a server that moved is followed (M-10, M-16, M-44)', async () => {
    const world = await openWorld({ store });
    const { mcpFetch } = await connected(world);
    const second = await openWorld({ store });
    world.server.answer(places.resource, { json: { resource: world.url, authorization_servers: [second.issuer.url] } });
    world.server.answer('/mcp', { status: 401, headers: { 'www-authenticate': challengeOf(world.server.url) } });
    const before = world.issuer.requests.length;
    const first = await needed(mcpFetch(world.url, call));
    expect(world.issuer.requests).toHaveLength(before);
    expect(second.issuer.requestsTo('/register')).toHaveLength(1);
    const authorizationUrl = await world.connect(first.connectUrl);
    expect(authorizationUrl.origin).toBe(second.issuer.url);
    const sent = second.issuer.requests.map(({ body }) => body).join();
    expect(sent).not.toMatch(/rt-|refresh_token=/);
    const redirectUris = [world, second].map(
      ({ issuer }) => JSON.parse(issuer.requestsTo('/register')[0]?.body ?? '').redirect_uris[0],
    );
    expect(new Set(redirectUris).size).toBe(2);
  });

  it('is renewed where it came from while the metadata cannot be read', async () => {
    const world = await openWorld({ store });
    const { mcpFetch } = await connected(world);
    world.server.answer(places.resource, { status: 503 });
    world.server.answer('/mcp', { status: 401 }, ({ headers }) => ({ json: { sent: headers.authorization } }));
    expect((await mcpFetch(world.url, call)).status).toBe(200);
    expect(world.tokens.refreshCount()).toBe(1);
  });

  it('is not renewed twice while it lives: nobody knows whether that server takes a refresh token again (R5)', async () => {
    const world = await openWorld({ store });
    const { mcpFetch } = await connected(world);
    world.issuer.answer('/token', { cut: 'at_once' });
    world.clock.advance(3_400_000);
    for (let asked = 0; asked < 4; asked += 1) {
      expect((await mcpFetch(world.url, call)).status).toBe(200);
      world.clock.advance(40_000);
    }
    const sent = world.issuer.requestsTo('/token').map(({ form }) => form.get('grant_type'));
    expect(sent.filter((grant) => grant === 'refresh_token')).toHaveLength(1);
  });

  it('costs no client where the server refuses the refresh for another reason than that client', async () => {
    const world = await openWorld({ store });
    const { mcpFetch } = await connected(world);
    world.issuer.answer('/token', { status: 400, json: { error: 'unauthorized_client' } });
    world.clock.advance(3_601_000);
    await expect(mcpFetch(world.url, call)).rejects.toMatchObject({ code: 'provider_misconfigured' });
    expect(world.issuer.requestsTo('/register')).toHaveLength(1);
  });

  it('does not make us read the metadata without end', async () => {
    const world = await openWorld({ store });
    const { mcpFetch } = await connected(world);
    world.server.answer('/mcp', { status: 401 });
    const before = world.server.requestsTo(places.resource).length;
    for (let count = 0; count < 20; count += 1) await mcpFetch(world.url, call).catch(() => undefined);
    expect(world.server.requestsTo(places.resource).length - before).toBeLessThanOrEqual(8);
  });
});
