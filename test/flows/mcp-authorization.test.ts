/** The person's way for a discovered server: what is asked for, and which answers are believed. */

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { type McpWorld, type McpWorldOptions, openMcpWorld, places, resourceOf } from '../support/mcp-world.js';

const worlds: McpWorld[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

async function open(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  worlds.push(world);
  return world;
}

async function linkOf(world: McpWorld, wwwAuthenticate?: string): Promise<string> {
  const answer = wwwAuthenticate === undefined ? {} : { wwwAuthenticate };
  const error = await world.manager.mcp.requireToken('ada', world.url, answer).catch((thrown: unknown) => thrown);
  if (!(error instanceof OAuthNotConnected)) throw error;
  return error.connectUrl;
}

const tokenRequests = (world: McpWorld) => world.issuer.requestsTo('/token');

describe('the authorization request', () => {
  it('has state, S256 and the resource, which is the same in the token request (M-21, M-22, M-25)', async () => {
    const world = await open();
    const { searchParams } = await world.connect(await linkOf(world));
    expect(searchParams.get('state')).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('resource')).toBe(world.url);
    expect(tokenRequests(world)[0]?.form.get('resource')).toBe(world.url);
    expect(tokenRequests(world)[0]?.form.get('redirect_uri')).toBe(searchParams.get('redirect_uri'));
  });

  it('has the resource as the metadata writes it, not as URLs are written (M-23)', async () => {
    const world = await open();
    world.server.answer(places.resource, { json: { ...resourceOf(world.server.url, world.issuer.url) } });
    const { searchParams } = await world.connect(await linkOf(world));
    expect(searchParams.get('resource')).toBe(world.server.url);
    expect(tokenRequests(world)[0]?.form.get('resource')).toBe(world.server.url);
  });

  it('has the canonical URL as resource where an old server has no metadata (M-22)', async () => {
    const world = await open({ policy: ({ server }) => ({ servers: { [server]: { legacy_endpoints: true } } }) });
    world.server.answer(places.resource, { status: 404 });
    world.server.answer('/register', { status: 201, json: { client_id: 'old' } });
    world.server.answer('/authorize', (request) => ({
      status: 302,
      headers: { location: `${request.query.get('redirect_uri')}?code=c&state=${request.query.get('state')}` },
    }));
    world.server.answer('/token', { json: { access_token: 'at', token_type: 'Bearer' } });
    const { searchParams } = await world.connect(await linkOf(world));
    expect(searchParams.get('resource')).toBe(world.url);
    expect(world.server.requestsTo('/token')[0]?.form.get('resource')).toBe(world.url);
  });

  it.each([
    ['the challenge, when it says', 'Bearer scope="files"', ['read', 'list'], undefined, 'files'],
    ['all that the server lists, otherwise', 'Bearer', ['read', 'list'], undefined, 'read list'],
    ['nothing, when nobody says anything', undefined, undefined, undefined, null],
    [
      'offline_access as well, where the authorization server has it',
      'Bearer scope="files"',
      ['read'],
      ['offline_access'],
      'files offline_access',
    ],
    ['no offline_access, where only the server lists it not', 'Bearer scope="files"', ['read'], ['openid'], 'files'],
  ])('asks for the scope of %s (M-30, M-31, M-32)', async (_what, header, listed, known, asked) => {
    const world = await open({ resource: { scopes_supported: listed }, metadata: { scopes_supported: known } });
    const { searchParams } = await world.connect(await linkOf(world, header));
    expect(searchParams.get('scope')).toBe(asked);
    expect(searchParams.get('prompt')).toBe(known?.includes('offline_access') ? 'consent' : null);
  });
});

describe('the authorization response', () => {
  const advertised = { metadata: { authorization_response_iss_parameter_supported: true } };

  it.each<[string, McpWorldOptions, (issuer: string) => string | undefined, boolean]>([
    ['advertised and equal', advertised, (issuer) => issuer, true],
    ['advertised and missing', advertised, () => undefined, false],
    ['advertised and another', advertised, () => 'https://evil.example', false],
    ['advertised and with a slash more', advertised, (issuer) => `${issuer}/`, false],
    ['advertised and in other letters', advertised, (issuer) => issuer.toUpperCase(), false],
    ['not advertised and equal', {}, (issuer) => issuer, true],
    ['not advertised and missing', {}, () => undefined, true],
    ['not advertised and another', {}, () => 'https://evil.example', false],
  ])('with an iss that is %s (M-26, C1, RFC 9207 2.4)', async (_what, options, issOf, isBelieved) => {
    const world = await open(options);
    const iss = issOf(world.issuer.url);
    const change = (answer: URLSearchParams) => {
      if (iss !== undefined) answer.set('iss', iss);
    };
    const connecting = world.connect(await linkOf(world), change);
    if (isBelieved) await connecting;
    else await expect(connecting).rejects.toMatchObject({ code: 'invalid_request', field: 'iss' });
    expect(tokenRequests(world)).toHaveLength(isBelieved ? 1 : 0);
  });

  it('that reports an error with a wrong iss is not acted on (M-26)', async () => {
    const world = await open();
    const link = await linkOf(world);
    const connecting = world.connect(link, (answer) => {
      answer.delete('code');
      answer.set('error', 'access_denied');
      answer.set('iss', 'https://evil.example');
    });
    await expect(connecting).rejects.toMatchObject({ code: 'invalid_request', field: 'iss' });
    const events = await world.manager.events.read(defaultTenant, undefined, 10);
    expect(events.map(({ event }) => event.type)).not.toContain('connect.failed');
  });

  it.each([
    ['missing', (answer: URLSearchParams) => answer.delete('state'), 'invalid_request'],
    ['another', (answer: URLSearchParams) => answer.set('state', 'x'.repeat(43)), 'gone'],
    ['repeated', (answer: URLSearchParams) => answer.append('state', 'y'), 'invalid_request'],
  ])('with a state that is %s is refused, and the code goes nowhere (M-25)', async (_what, change, code) => {
    const world = await open();
    await expect(world.connect(await linkOf(world), change)).rejects.toMatchObject({ code });
    expect(tokenRequests(world)).toEqual([]);
  });

  it('that is good twice is good once (M-25)', async () => {
    const world = await open();
    let first: URLSearchParams | undefined;
    const link = new URL(await linkOf(world));
    await world.connect(link.href, (answer) => {
      first = new URLSearchParams(answer);
    });
    const provider = link.pathname.split('/').at(-1) ?? '';
    await expect(
      world.manager.finishAuthorization(provider, first ?? new URLSearchParams(), 'any'),
    ).rejects.toMatchObject({ code: 'gone' });
    expect(tokenRequests(world)).toHaveLength(1);
  });
});

describe('the token endpoint', () => {
  it.each([301, 302, 307, 308])('that redirects (%i) gets nothing sent elsewhere (M-54, C4)', async (status) => {
    const world = await open();
    const other = await open();
    world.issuer.answer('/token', { status, headers: { location: `${other.issuer.url}/token` } });
    await expect(world.connect(await linkOf(world))).rejects.toMatchObject({ code: 'provider_misconfigured' });
    expect(other.issuer.requests).toEqual([]);
  });

  it.each([
    ['expires_in as text', { json: { access_token: 'at', token_type: 'bearer', expires_in: '3600' } }, true],
    ['an error with status 200', { json: { error: 'invalid_grant', error_description: null } }, false],
    ['an error without description', { status: 400, json: { error: 'invalid_grant', error_description: null } }, false],
    ['a page', { text: '<html>' }, false],
  ])('that answers with %s is read rightly (M-46)', async (_what, answer, isGood) => {
    const world = await open();
    world.issuer.answer('/token', answer);
    const connecting = world.connect(await linkOf(world));
    if (isGood) await connecting;
    else await expect(connecting).rejects.toMatchObject({ code: 'provider_error' });
  });
});

describe('beside all other connections', () => {
  it('a server is listed with its host as name, and can be disconnected', async () => {
    const world = await open();
    await world.connect(await linkOf(world));
    const [connection] = await world.manager.listUserConnections('ada');
    expect(connection).toMatchObject({ providerName: new URL(world.url).host, status: 'active', scope: ['read'] });
    await expect(world.manager.deleteToken('ada', connection?.provider ?? '')).resolves.toEqual({ revoked: 'yes' });
    expect(world.issuer.requestsTo('/revoke')).toHaveLength(1);
    await expect(world.manager.mcp.findToken('ada', world.url)).resolves.toBeUndefined();
  });

  it('a token is had by the provider id as well', async () => {
    const world = await open();
    await world.connect(await linkOf(world));
    const [connection] = await world.manager.listUserConnections('ada');
    const token = await world.manager.requireToken('ada', connection?.provider ?? '');
    expect(world.tokens.isLive(token.accessToken.reveal())).toBe(true);
  });

  it('nothing that is logged holds a secret', async () => {
    const world = await open();
    await world.connect(await linkOf(world));
    expect(world.logged.length).toBeGreaterThan(0);
    expect(world.logged.join()).not.toMatch(/canary-secret|at-|rt-/);
  });
});

describe('client credentials, where the operator says so (M-47, S1-11)', () => {
  it('give one token for all, kept until it ends or is refused', async () => {
    const scopes_supported = ['read', 'offline_access'];
    const world = await open({
      metadata: { code_challenge_methods_supported: undefined, authorization_endpoint: undefined, scopes_supported },
      policy: ({ server, issuer }) => ({
        servers: { [server]: { grant: 'client_credentials' } },
        clients: [{ issuer, client_id: 'app', client_secret: 'secret' }],
      }),
    });
    world.issuer.answer('/token', { json: { access_token: 'app-token', token_type: 'Bearer', expires_in: 3600 } });
    const [one, two] = [
      await world.manager.mcp.requireToken('ada', world.url),
      await world.manager.mcp.requireToken('grace', world.url),
    ];
    expect([one, two].map(({ accessToken }) => accessToken.reveal())).toEqual(['app-token', 'app-token']);
    expect(
      tokenRequests(world).map(({ form }) => [form.get('grant_type'), form.get('resource'), form.get('scope')]),
    ).toEqual([['client_credentials', world.url, 'read']]);
    world.clock.advance(3_600_000);
    await world.manager.mcp.findToken('ada', world.url);
    expect(tokenRequests(world)).toHaveLength(2);
    const rejectedTokenSha256 = createHash('sha256').update('app-token').digest('hex');
    await world.manager.mcp.requireToken('ada', world.url, { rejectedTokenSha256 });
    expect(tokenRequests(world)).toHaveLength(3);
  });

  it('are not for a client that anybody may get', async () => {
    const world = await open({ policy: ({ server }) => ({ servers: { [server]: { grant: 'client_credentials' } } }) });
    await expect(world.manager.mcp.requireToken('ada', world.url)).rejects.toMatchObject({
      code: 'client_registration_required',
    });
    expect(world.issuer.requestsTo('/register')).toEqual([]);
  });
});
