/** The interceptor around every request to an MCP server: nothing where nothing is wanted, everything where it is. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMcpFetch } from '../../src/mcp/mcp-fetch.js';
import { bearerOf, call, connected, fetchFor, needed, openWorld } from '../support/mcp-caller.js';
import { challengeOf, places } from '../support/mcp-world.js';
import { storeKinds } from '../support/service.js';

describe.each(storeKinds)('on the %s store', (store) => {
  describe('a server that never answers 401', () => {
    it('gets its requests as they are and not one more (S1-02)', async () => {
      const world = await openWorld({ store });
      world.server.answer('/mcp', { json: { ok: true } });
      for (let count = 0; count < 3; count += 1) await fetchFor(world)(world.url, call);
      expect(world.server.requests).toHaveLength(3);
      expect(world.server.requests.map(({ headers }) => headers.authorization)).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(world.issuer.requests).toEqual([]);
    });
  });

  describe('a request with an Authorization of its own, or to another origin', () => {
    it('is passed on untouched, and its 401 comes back (S1-02)', async () => {
      const world = await openWorld({ store });
      const response = await fetchFor(world)(world.url, { ...call, headers: { authorization: 'Bearer static' } });
      expect(response.status).toBe(401);
      expect(world.outside()).toEqual([]);
    });

    it('keeps a body of any kind, such as the form of a token request', async () => {
      const world = await openWorld({ store });
      world.issuer.answer('/elsewhere', ({ body, headers }) => ({ json: { body, type: headers['content-type'] } }));
      const form = new URLSearchParams({ grant_type: 'client_credentials' });
      const response = await fetchFor(world)(`${world.issuer.url}/elsewhere`, { method: 'POST', body: form });
      const type = 'application/x-www-form-urlencoded;charset=UTF-8';
      expect(await response.json()).toEqual({ body: 'grant_type=client_credentials', type });
    });

    it('gets no token of the user (M-41)', async () => {
      const world = await openWorld({ store });
      const { mcpFetch } = await connected(world);
      await mcpFetch(`${world.issuer.url}/elsewhere`, call);
      expect(world.issuer.requestsTo('/elsewhere')[0]?.headers.authorization).toBeUndefined();
    });
  });

  describe('the first 401', () => {
    it('costs at most 5 requests until there is a link', async () => {
      const world = await openWorld({ store });
      const { connectUrl, provider, reason } = await needed(fetchFor(world)(world.url, call));
      expect(world.outside()).toEqual([places.resource, places.metadata, '/register']);
      expect(reason).toBe('not_connected');
      expect(connectUrl).toContain(`/oauth/${provider}?link=`);
      expect(provider).toBe(`mcp-${createHash('sha256').update(world.url).digest('hex').slice(0, 16)}`);
    });

    it('costs nothing for a second user: no discovery, no registration (S1-14)', async () => {
      const world = await openWorld({ store });
      await needed(fetchFor(world)(world.url, call));
      const before = world.outside().length;
      await needed(fetchFor(world, 'grace')(world.url, call));
      await needed(fetchFor(world)(world.url, call));
      expect(world.outside()).toHaveLength(before);
    });

    it('of one tenant says nothing about the server to another: challenges come through callers', async () => {
      const world = await openWorld({ store });
      const evil = await openWorld({ store });
      world.server.answer('/upload', { json: { resource: world.url, authorization_servers: [evil.issuer.url] } });
      const wwwAuthenticate = `Bearer resource_metadata="${world.server.url}/upload"`;
      await needed(world.manager.mcp.requireToken('eve', world.url, { tenant: 'evil', wwwAuthenticate }));
      const { connectUrl } = await needed(fetchFor(world)(world.url, call));
      expect((await world.connect(connectUrl)).origin).toBe(world.issuer.url);
    });

    it('may come at any request (S1-01)', async () => {
      const world = await openWorld({ store });
      world.server.answer(
        '/mcp',
        { json: {} },
        { json: {} },
        { status: 401, headers: { 'www-authenticate': challengeOf(world.server.url) } },
      );
      const mcpFetch = fetchFor(world);
      expect((await mcpFetch(world.url, call)).status).toBe(200);
      expect((await mcpFetch(world.url, call)).status).toBe(200);
      await needed(mcpFetch(world.url, call));
    });
  });

  describe('once the person has connected', () => {
    it('requests carry the token in the header and nowhere else (M-40, S1-19)', async () => {
      const world = await openWorld({ store });
      const { mcpFetch } = await connected(world);
      const before = world.outside().length;
      expect(await (await mcpFetch(world.url, call)).json()).toEqual({ echo: call.body });
      const request = world.server.requestsTo('/mcp').at(-1);
      expect(request?.headers).toMatchObject({ 'x-own': 'kept', 'content-type': 'application/json' });
      expect(request?.headers.authorization).toMatch(/^Bearer at-/);
      expect([...(request?.query ?? [])]).toEqual([]);
      expect(world.outside()).toHaveLength(before);
    });

    it('each user has a token of their own', async () => {
      const world = await openWorld({ store });
      const [ada, grace] = [await connected(world), await connected(world, 'grace')];
      await ada.mcpFetch(world.url, call);
      await grace.mcpFetch(world.url, call);
      expect(bearerOf(world, -1)).not.toBe(bearerOf(world, -2));
      expect(world.issuer.requestsTo('/register')).toHaveLength(1);
      await expect(world.manager.mcp.findToken('eve', world.url)).resolves.toBeUndefined();
      await expect(world.manager.mcp.findToken('ada', world.url, { tenant: 'other' })).resolves.toBeUndefined();
    });

    it('many at the same time are never mixed up, while they connect and while all are refreshed', async () => {
      const world = await openWorld({ store });
      const users = Array.from({ length: 8 }, (_, at) => `slack:T1:U${at}`);
      const send = (user: string) =>
        fetchFor(world, user)(world.url, { ...call, headers: { ...call.headers, 'x-user': user } });
      const asked = await Promise.all(users.map((user) => needed(send(user))));
      await Promise.all(asked.map(({ connectUrl }) => world.connect(connectUrl)));
      world.clock.advance(3_600_000 + 1_000);
      const before = world.server.requestsTo('/mcp').length;
      const answers = await Promise.all([...users, ...users, ...users].map(send));
      expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200));
      const seen = world.server.requestsTo('/mcp').slice(before);
      const pairs = new Set(seen.map(({ headers }) => `${headers['x-user']} ${headers.authorization}`));
      expect(pairs.size).toBe(8);
      expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(8);
      expect(world.tokens.refreshCount()).toBe(8);
      expect(world.issuer.requestsTo('/register')).toHaveLength(1);
    });

    it('no redirect is followed with it, whatever sends the requests (M-41)', async () => {
      const world = await openWorld({ store });
      await connected(world);
      const location = `${world.server.url}/elsewhere`;
      world.server.answer('/mcp', { status: 307, headers: { location } });
      const plain = createMcpFetch({ userId: 'ada', manager: world.manager }, world.url, { fetch });
      expect((await plain(world.url, call)).status).toBe(307);
      const own = { ...call, headers: { authorization: 'Bearer static' } };
      expect((await plain(world.url, own)).status).toBe(307);
      expect(world.server.requestsTo('/elsewhere')).toEqual([]);
    });

    it('another server of the same authorization server gets no token of the first (M-41)', async () => {
      const world = await openWorld({ store });
      await connected(world);
      const other = world.url.replace('/mcp', '/other');
      await expect(world.manager.mcp.findToken('ada', other)).resolves.toBeUndefined();
    });

    it('a request in one piece, as fetch takes it, is sent again whole (S1-12)', async () => {
      const world = await openWorld({ store });
      const asFetch: typeof fetch = (await connected(world)).mcpFetch;
      const before = world.server.requestsTo('/mcp').length;
      world.server.answer('/mcp', { status: 401 }, ({ body, method }) => ({ json: { method, echo: body } }));
      const response = await asFetch(new Request(world.url, call), { headers: { 'x-own': 'before' } });
      expect(await response.json()).toEqual({ method: 'POST', echo: call.body });
      const own = world.server.requestsTo('/mcp').slice(before);
      expect(own.map(({ headers }) => headers['x-own'])).toEqual(['before', 'before']);
      const ending = asFetch(new Request(world.url, { signal: AbortSignal.abort() }));
      await expect(ending).rejects.toHaveProperty('name', 'AbortError');
    });

    it('the very same request is sent again with the token, body and headers included (S1-12)', async () => {
      const world = await openWorld({ store });
      const { mcpFetch } = await connected(world);
      world.server.answer('/mcp', { status: 401 }, ({ body }) => ({ json: { echo: body } }));
      const before = world.server.requestsTo('/mcp').length;
      const body = new Blob(['{"big":', '"body"}'], { type: 'application/json' }).stream();
      const response = await mcpFetch(world.url, { ...call, body, duplex: 'half' } as RequestInit);
      expect(await response.json()).toEqual({ echo: '{"big":"body"}' });
      const arrived = world.server.requestsTo('/mcp').slice(before);
      const [first, second] = arrived.map(({ headers: { authorization, ...headers }, ...rest }) => ({
        ...rest,
        headers,
      }));
      expect(arrived).toHaveLength(2);
      expect(second).toEqual(first);
      expect(arrived[1]?.headers.authorization).not.toBe(arrived[0]?.headers.authorization);
    });

    it('an ended access token is refreshed without anybody (S1-16), with the resource (M-22)', async () => {
      const world = await openWorld({ store });
      const { mcpFetch } = await connected(world);
      world.clock.advance(3_600_000 + 1_000);
      expect((await mcpFetch(world.url, call)).status).toBe(200);
      const refreshes = world.issuer
        .requestsTo('/token')
        .filter(({ form }) => form.get('grant_type') === 'refresh_token');
      expect(refreshes).toHaveLength(1);
      expect(refreshes[0]?.form.get('resource')).toBe(world.url);
      // Rotated: the second refresh uses the new one, and no family ends.
      world.clock.advance(3_600_000 + 1_000);
      expect((await mcpFetch(world.url, call)).status).toBe(200);
      expect(world.tokens.refreshCount()).toBe(2);
    });

    it('a grant that has ended needs the person again', async () => {
      const world = await openWorld({ store });
      const { mcpFetch } = await connected(world);
      await mcpFetch(world.url, call);
      world.tokens.end(bearerOf(world, -1)?.replace('Bearer ', '') ?? '');
      const { reason, connectUrl } = await needed(mcpFetch(world.url, call));
      expect(reason).toBe('reauthorization_required');
      await world.connect(connectUrl);
      expect((await mcpFetch(world.url, call)).status).toBe(200);
    });
  });
});
