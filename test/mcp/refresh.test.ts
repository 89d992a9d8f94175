/** Refreshing at discovered servers: rotation, resource and races, with authorization servers that are not ours. */

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { discoveredIdOf } from '../../src/core/mcp-server.js';
import { createMcpFetch } from '../../src/mcp/mcp-fetch.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import type { AuthorizationServer } from '../support/authorization-servers.js';
import { approve } from '../support/browser-walk.js';
import { type McpWorld, managerOptions, openMcpWorld, places, resourceOf } from '../support/mcp-world.js';
import { startRacer } from '../support/racer.js';
import { eventually } from '../support/redis.js';
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { type StoreKind, storeKinds } from '../support/service.js';
import { forwardTo, type RelayedProvider, startRelayedProvider } from '../support/token-relay.js';

const hourMs = 3_600_000;
const user = 'racer';

/** An MCP server whose tokens oidc-provider issues and judges; a relay sees all that is sent to the token endpoint. */
interface StrictWorld extends Pick<McpWorld, 'manager' | 'openSibling' | 'place' | 'clock'> {
  readonly url: string;
  /** As the metadata writes it: no URL would be written like that. */
  readonly resource: string;
  readonly strict: RelayedProvider;
  readonly policy: object;
  call(manager?: OAuthManager): Promise<Response>;
}

async function openStrictWorld(store: StoreKind): Promise<StrictWorld> {
  const server = await startScriptedServer();
  const url = `${server.url}/mcp`;
  const resource = server.url;
  const redirectUri = `${managerOptions.baseUrl}/oauth/${discoveredIdOf(url)}/callback`;
  const strict = await startRelayedProvider({ redirectUri, resource });
  const { client_id, client_secret } = strict.entry;
  const rules = { issuer: strict.url, token_endpoint: `${strict.relay.url}/token`, scopes: ['read'] };
  const policy = {
    servers: { [url]: rules },
    clients: [{ issuer: strict.url, client_id: client_id ?? '', ...(client_secret && { client_secret }) }],
  };
  server.answer(places.resource, { json: { ...resourceOf(resource, strict.url) } });
  server.answer('/mcp', async ({ headers: { authorization } }) =>
    (await isActive(strict, authorization?.replace('Bearer ', ''))) ? { json: { ok: true } } : { status: 401 },
  );
  const world = await openMcpWorld({ store, policy });
  onTestFinished(async () => {
    await world.close();
    await server.close();
  });
  const { manager, openSibling, place, clock } = world;
  const call = (by = manager) =>
    createMcpFetch({ userId: user, manager: by }, url)(url, { method: 'POST', body: '{}' });
  return { manager, openSibling, place, clock, url, resource, strict, policy, call };
}

/** Whether the authorization server itself would honour an access token (RFC 7662). */
async function isActive(strict: AuthorizationServer, token = ''): Promise<boolean> {
  const { client_id = '', client_secret = '' } = strict.entry;
  const response = await fetch(`${strict.url}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  const answer: { readonly active?: boolean } = JSON.parse(await response.text());
  return answer.active === true;
}

async function notConnected(work: Promise<unknown>): Promise<OAuthNotConnected> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (error instanceof OAuthNotConnected) return error;
  throw error instanceof Error ? error : new TypeError('nobody was needed');
}

/** What a person does who has to log in and to consent. */
async function connect({ manager, call }: StrictWorld): Promise<void> {
  const { provider, connectUrl } = await notConnected(call());
  const link = new URL(connectUrl).searchParams.get('link') ?? '';
  const started = await manager.startAuthorization(provider, link);
  const redirectUri = `${managerOptions.baseUrl}/oauth/${provider}/callback`;
  const back = await approve(started.authorizationUrl, redirectUri, { person: 'ada' });
  await manager.finishAuthorization(provider, back.searchParams, started.browserSecret.reveal());
}

const tokenOf = async ({ manager, url }: StrictWorld) =>
  (await manager.mcp.findToken(user, url))?.accessToken.reveal() ?? '';

describe.each(storeKinds)('at a server of oidc-provider, on the %s store', (kind) => {
  it('each refresh sends the newest refresh token and the resource as the metadata writes it (M-22, M-23, M-43)', async () => {
    const world = await openStrictWorld(kind);
    await connect(world);
    const seen = [await tokenOf(world)];
    for (let round = 0; round < 3; round += 1) {
      world.clock.advance(hourMs);
      expect((await world.call()).status).toBe(200);
      seen.push(await tokenOf(world));
    }
    expect(new Set(seen).size).toBe(4);
    const [redeemed] = world.strict.requests('authorization_code');
    const refreshes = world.strict.requests('refresh_token');
    const issued = world.strict.answers.map((answer) => JSON.parse(answer).refresh_token);
    expect(redeemed?.form.get('resource')).toBe(world.resource);
    expect(refreshes.map(({ form }) => form.get('resource'))).toEqual(Array(3).fill(world.resource));
    expect(refreshes.map(({ form }) => form.get('refresh_token'))).toEqual(issued.slice(0, 3));
    expect(new Set(issued).size).toBe(4);
  });

  it('a race of two processes costs one refresh, and both are served (M-45)', async () => {
    const world = await openStrictWorld(kind);
    world.strict.relay.answer('/token', async (request) => {
      const answer = await forwardTo(`${world.strict.url}/token`, request);
      // Long enough for every caller to have asked before the first answer is there.
      if (request.form.get('grant_type') === 'refresh_token') await new Promise((done) => setTimeout(done, 200));
      return answer;
    });
    // The others have the real clock: for them the token ended an hour ago.
    world.clock.advance(-2 * hourMs);
    await connect(world);
    const options = { ...managerOptions, ...world.place, mcp: world.policy };
    const racers = [startRacer(options, 10, world.url), startRacer(options, 10, world.url)];
    await Promise.all(racers.map(({ ready }) => ready));
    const tokens = (await Promise.all(racers.map((racer) => racer.race()))).flat();
    expect(tokens).toHaveLength(20);
    expect(new Set(tokens).size).toBe(1);
    expect(world.strict.requests('refresh_token')).toHaveLength(1);
    expect(await isActive(world.strict, tokens[0])).toBe(true);
  });

  it('a grant that has ended needs the person, once, and nothing is sent twice (M-43)', async () => {
    const world = await openStrictWorld(kind);
    await connect(world);
    const [answer = '{}'] = world.strict.answers;
    // Somebody else uses the refresh token: the server ends the whole grant when it sees it again.
    const { refresh_token } = JSON.parse(answer);
    const { client_id = '', client_secret = '' } = world.strict.entry;
    const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
    const stolen = await fetch(`${world.strict.url}/token`, { method: 'POST', headers: { authorization }, body });
    expect(stolen.status).toBe(200);
    world.clock.advance(hourMs);
    expect((await notConnected(world.call())).reason).toBe('reauthorization_required');
    expect((await notConnected(world.call())).reason).toBe('reauthorization_required');
    expect(world.strict.requests('refresh_token')).toHaveLength(1);
  });
});

describe('at a server of the MCP SDK', () => {
  interface SdkServer {
    readonly url: string;
    close(): Promise<void>;
  }
  let server: SdkServer;
  let relay: ScriptedServer;
  let world: McpWorld;

  beforeEach(async () => {
    // The server of the example; it is JavaScript, as examples are.
    const example: string = '../../examples/mcp-agent/mcp-server.mjs';
    const { startMcpServer } = await import(example);
    [server, relay] = await Promise.all([startMcpServer({ name: 'tools' }), startScriptedServer()]);
    const { origin } = new URL(server.url);
    relay.answer('/token', (request) => forwardTo(`${origin}/token`, request));
    const rules = { issuer: origin, token_endpoint: `${relay.url}/token` };
    world = await openMcpWorld({ policy: { servers: { [server.url]: rules } } });
    return async () => {
      await Promise.all([world.close(), server.close(), relay.close()]);
    };
  });

  it('a refusal that comes after a sibling’s refresh ends nothing: the sibling’s token is read and served (R12)', async () => {
    const { connectUrl } = await notConnected(world.manager.mcp.requireToken(user, server.url));
    await world.connect(connectUrl);
    const sibling = await world.openSibling();
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { origin } = new URL(server.url);
    const answered: (number | undefined)[] = [];
    const forward = async (request: Parameters<typeof forwardTo>[1]) => {
      const answer = await forwardTo(`${origin}/token`, request);
      answered.push(answer.status);
      return answer;
    };
    relay.answer(
      '/token',
      async (request) => {
        await held;
        return forward(request);
      },
      forward,
    );
    const before = relay.requests.length;
    world.clock.advance(hourMs);
    const late = world.manager.mcp.requireToken(user, server.url);
    await eventually('the first has sent its refresh token', () => relay.requests.length === before + 1);
    // The first is taken for dead: its lease has ended, and so has the time in which an answer could still come.
    world.clock.advance(30_000);
    const token = (await sibling.mcp.requireToken(user, server.url)).accessToken.reveal();
    goOn();
    expect((await late).accessToken.reveal()).toBe(token);
    expect(answered).toEqual([200, 400]);
    const [connection] = await world.manager.listUserConnections(user);
    expect(connection?.status).toBe('active');
  });
});
