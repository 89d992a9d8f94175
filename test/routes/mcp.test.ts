/** MCP servers over HTTP: the token route, the pages for a discovered server, the documents that say who we are. */

import { createHash } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { api } from '../../routes/api.js';
import { browserRoutes } from '../../routes/browser.js';
import type { Role } from '../../routes/caller.js';
import { serverOptions } from '../../routes/server-options.js';
import { tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { JarBrowser } from '../support/browser-journey.js';
import { challengeOf, type McpWorld, type McpWorldOptions, openMcpWorld } from '../support/mcp-world.js';

let world: McpWorld;
let app: FastifyInstance;
let role: Role;

async function start(options: McpWorldOptions = {}): Promise<void> {
  role = 'bot';
  world = await openMcpWorld(options);
  const baseUrl = options.baseUrl ?? 'http://localhost:3000';
  app = fastify(serverOptions);
  await app.register(browserRoutes, { manager: world.manager, baseUrl, now: world.clock.now });
  await app.register(api, {
    manager: world.manager,
    authenticate: async () => ({
      id: 'test',
      role,
      tenant: tenantIdSchema.parse('default'),
      ...(role === 'user' && { userId: userIdSchema.parse('ada') }),
    }),
  });
}

beforeEach(() => start());
afterEach(async () => {
  await app.close();
  await world.close();
});

async function ask(body: object, user = 'ada') {
  const response = await app.inject({ method: 'POST', url: `/v1/users/${user}/mcp/token`, payload: body });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

describe('POST /v1/users/{user}/mcp/token', () => {
  it('answers 409 with a link, and after the person came back with the token', async () => {
    const asked = { server_url: world.url, www_authenticate: challengeOf(world.server.url) };
    const { status, body } = await ask(asked);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'not_connected', who_must_act: 'user' });
    await world.connect(body.connect_url);
    const answer = await ask(asked);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toMatchObject({ token_type: 'Bearer', scopes: ['read'], provider: body.provider });
    expect(world.tokens.isLive(answer.body.access_token)).toBe(true);
    expect((await ask(asked, 'grace')).status).toBe(409);
  });

  it('asks nobody outside for a request that cannot be: return_to is looked at first', async () => {
    const { status, body } = await ask({ server_url: world.url, return_to: '//evil.example' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_request', field: 'return_to' });
    expect(world.outside()).toEqual([]);
  });

  it('asks for more scope after a 403, and answers 404 where that would not help', async () => {
    await world.connect((await ask({ server_url: world.url })).body.connect_url);
    const { access_token } = (await ask({ server_url: world.url })).body;
    const refused = {
      server_url: world.url,
      status: 403,
      rejected_token_sha256: createHash('sha256').update(access_token).digest('hex'),
    };
    const wanting = { ...refused, www_authenticate: 'Bearer error="insufficient_scope", scope="write"' };
    expect(await ask(wanting)).toMatchObject({
      status: 409,
      body: { code: 'insufficient_scope', missing_scopes: ['write'] },
    });
    expect(await ask({ ...refused, www_authenticate: 'Bearer' })).toMatchObject({ status: 404 });
  });

  it('tells a 403 by its challenge alone, and gives the token once that covers it (M-33, M-34)', async () => {
    const asked = { server_url: world.url };
    const wanting = { ...asked, www_authenticate: 'Bearer error="insufficient_scope", scope="write"' };
    expect(await ask(wanting)).toMatchObject({ status: 409, body: { code: 'not_connected' } });
    await world.connect((await ask(asked)).body.connect_url);
    const before = await ask(asked);
    expect((await ask({ ...wanting, status: 401 })).body.access_token).toBe(before.body.access_token);
    for (const status of [undefined, 403]) {
      const { body } = await ask({ ...wanting, status });
      expect(body).toMatchObject({ code: 'insufficient_scope', missing_scopes: ['write'] });
    }
    world.issuer.answer('/token', { json: { access_token: 'wide', token_type: 'Bearer', scope: 'read write' } });
    await world.connect((await ask(wanting)).body.connect_url);
    expect(await ask(wanting)).toMatchObject({
      status: 200,
      body: { access_token: 'wide', scopes: ['read', 'write'] },
    });
    const grants = world.issuer.requestsTo('/token').map(({ body }) => new URLSearchParams(body).get('grant_type'));
    expect(grants).toEqual(['authorization_code', 'authorization_code']);
  });

  it.each([
    [{}, 'server_url'],
    [{ server_url: 'mcp.example' }, 'server_url'],
    [{ server_url: 'https://user:CANARY@mcp.example/' }, 'server_url'],
    [{ server_url: 'https://mcp.example', rejected_token_sha256: 'CANARY' }, 'rejected_token_sha256'],
    [{ server_url: 'https://mcp.example', www_authenticate: `Bearer ${'x'.repeat(8192)}` }, 'www_authenticate'],
  ])('refuses %j and names the field', async (body, field) => {
    const answer = await ask(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', field } });
    expect(JSON.stringify(answer.body)).not.toContain('CANARY');
  });

  it('names step and origin of a server that cannot be used, for the operator (S1-17)', async () => {
    world.issuer.answer('/.well-known/oauth-authorization-server', { json: { issuer: 'CANARY' } });
    const answer = await ask({ server_url: world.url });
    expect(answer).toMatchObject({
      status: 502,
      body: {
        code: 'provider_error',
        who_must_act: 'operator',
        step: 'authorization_server_metadata',
        origin: world.issuer.url,
      },
    });
    expect(JSON.stringify(answer.body)).not.toContain('CANARY');
  });

  it('names issuer and redirect URI where a client has to be registered (S1-09)', async () => {
    world.issuer.answer('/register', { status: 403, json: { error: 'access_denied' } });
    expect(await ask({ server_url: world.url })).toMatchObject({
      status: 502,
      body: {
        code: 'provider_error',
        who_must_act: 'operator',
        step: 'registration',
        issuer: world.issuer.url,
        redirect_uri: expect.stringMatching(/\/oauth\/mcp-[0-9a-f]{16}\/callback$/),
        oauth_error: 'access_denied',
        detail: expect.stringContaining('CLIENT_REGISTRATION_REQUIRED'),
      },
    });
  });

  it('gives a token that all share to bots, not to a person’s own credential', async () => {
    await app.close();
    await world.close();
    await start({
      policy: ({ server, issuer }) => ({
        servers: { [server]: { grant: 'client_credentials' } },
        clients: [{ issuer, client_id: 'app', client_secret: 's' }],
      }),
    });
    world.issuer.answer('/token', { json: { access_token: 'shared', token_type: 'Bearer', expires_in: 60 } });
    expect(await ask({ server_url: world.url })).toMatchObject({ status: 200, body: { access_token: 'shared' } });
    role = 'user';
    expect(await ask({ server_url: world.url })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    role = 'viewer';
    expect((await ask({ server_url: world.url })).status).toBe(403);
  });

  it('does not go where a person’s own credential says that the metadata stands', async () => {
    const { provider } = (await ask({ server_url: world.url })).body;
    role = 'user';
    const www_authenticate = `Bearer resource_metadata="${world.server.url}/files/stranger.json"`;
    const lie = { server_url: world.url, www_authenticate, rejected_token_sha256: '0'.repeat(64) };
    expect(await ask(lie)).toMatchObject({ status: 409, body: { provider } });
    expect(world.outside()).not.toContain('/files/stranger.json');
  });
});

describe('the pages', () => {
  it('show a discovered server by its host, on the landing page and on the account page', async () => {
    const { host } = new URL(world.url);
    const { connect_url } = (await ask({ server_url: world.url })).body;
    const browser = new JarBrowser(app);
    const landing = await browser.get(connect_url);
    expect(landing.statusCode).toBe(200);
    expect(landing.body).toContain(host);
    await browser.get(await browser.consent(connect_url));
    const { url } = await world.manager.createAccountLink('ada');
    await browser.submit(await browser.get(url));
    const page = await browser.get('/connections');
    expect(page.body).toContain(host);
    const gone = await browser.submit(page, 'disconnect');
    expect(gone.statusCode).toBe(200);
    expect(await world.manager.listUserConnections('ada')).toEqual([]);
  });

  it('are not there for a server that nobody has discovered', async () => {
    for (const path of ['?link=x', '/callback?state=x&code=y', '/done']) {
      const response = await app.inject({
        url: `/oauth/mcp-0123456789abcdef${path}`,
        headers: { accept: 'text/html' },
      });
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.statusCode).toBeLessThan(500);
    }
  });
});

describe('GET /oauth/{provider}/client-metadata.json', () => {
  it('is our client id and names itself (M-12)', async () => {
    await app.close();
    await world.close();
    await start({ baseUrl: 'https://valetkey.example/auth' });
    const response = await app.inject('/oauth/mcp-0123456789abcdef/client-metadata.json');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.json()).toMatchObject({
      client_id: 'https://valetkey.example/auth/oauth/mcp-0123456789abcdef/client-metadata.json',
      redirect_uris: ['https://valetkey.example/auth/oauth/mcp-0123456789abcdef/callback'],
      application_type: 'web',
    });
  });

  it.each(['github', 'mcp-xyz', '..%2f'])('is not there for %s', async (provider) => {
    expect((await app.inject(`/oauth/${provider}/client-metadata.json`)).statusCode).toBe(404);
  });

  it('is not there where nobody could fetch it: the service is not https', async () => {
    expect((await app.inject('/oauth/mcp-0123456789abcdef/client-metadata.json')).statusCode).toBe(404);
  });
});
