/** Who we are at an authorization server that nobody configured: in which order, how often, and for how long. */

import { afterEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { type McpWorld, type McpWorldOptions, metadataOf, openMcpWorld, places } from '../support/mcp-world.js';
import { storeKinds } from '../support/service.js';

const worlds: McpWorld[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

async function open(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  worlds.push(world);
  return world;
}

const ask = (world: McpWorld, user = 'ada') =>
  world.manager.mcp.requireToken(user, world.url).catch((error: unknown) => error);

/** Connects and answers with the authorization URL. */
async function connect(world: McpWorld, user = 'ada'): Promise<URL> {
  const error = await ask(world, user);
  if (!(error instanceof OAuthNotConnected)) throw error;
  return world.connect(error.connectUrl);
}

const registrations = (world: McpWorld) => world.issuer.requestsTo('/register').map(({ body }) => JSON.parse(body));
const tokenRequest = (world: McpWorld) => world.issuer.requestsTo('/token').at(-1);

describe('our client', () => {
  const cimd = { client_id_metadata_document_supported: true };
  const client_metadata_url = 'https://valetkey.example/oauth/{provider}/client-metadata.json';

  it('is the operator’s where there is one, before everything else (M-11)', async () => {
    const world = await open({
      metadata: cimd,
      policy: ({ issuer }) => ({
        client_metadata_url,
        clients: [{ issuer, client_id: 'of-operator', client_secret: 's' }],
      }),
    });
    expect((await connect(world)).searchParams.get('client_id')).toBe('of-operator');
    expect(registrations(world)).toEqual([]);
  });

  it('is the operator’s however the slash behind the host is written: Auth0 names its issuers with one', async () => {
    const world = await open({ policy: ({ issuer }) => ({ clients: [{ issuer, client_id: 'of-operator' }] }) });
    world.issuer.answer(places.metadata, { json: { ...metadataOf(world.issuer.url), issuer: `${world.issuer.url}/` } });
    expect((await connect(world)).searchParams.get('client_id')).toBe('of-operator');
    expect(registrations(world)).toEqual([]);
  });

  it('is a metadata document where URLs may be client ids (M-11, M-12, M-13)', async () => {
    const world = await open({ metadata: cimd, policy: { client_metadata_url } });
    const authorizationUrl = await connect(world);
    const clientId = authorizationUrl.searchParams.get('client_id') ?? '';
    const provider = clientId.split('/')[4] ?? '';
    expect(registrations(world)).toEqual([]);
    expect(clientId).toBe(client_metadata_url.replace('{provider}', provider));
    expect(world.manager.mcp.describeClient(provider)).toMatchObject({
      client_id: clientId,
      client_name: 'Valetkey',
      redirect_uris: [authorizationUrl.searchParams.get('redirect_uri')],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    });
    expect(tokenRequest(world)?.form.get('client_id')).toBe(clientId);
    expect(tokenRequest(world)?.headers.authorization).toBeUndefined();
  });

  it('is registered where nothing better is to be had, or wanted (M-11, M-14)', async () => {
    const world = await open({ metadata: cimd, policy: { client_metadata_url: false } });
    const redirectUri = (await connect(world)).searchParams.get('redirect_uri');
    expect(registrations(world)).toEqual([
      {
        client_name: 'Valetkey',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        application_type: 'native',
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ]);
    expect(tokenRequest(world)?.form.get('redirect_uri')).toBe(redirectUri);
  });

  it('is the operator’s to register where there is no registration (S1-09)', async () => {
    const world = await open({ metadata: { registration_endpoint: undefined } });
    const error = await ask(world);
    expect(error).toMatchObject({
      code: 'client_registration_required',
      issuer: world.issuer.url,
      whoMustAct: 'operator',
    });
    expect(error).toMatchObject({
      redirectUri: expect.stringMatching(/^http:\/\/localhost:3000\/oauth\/mcp-[0-9a-f]{16}\/callback$/),
    });
  });

  it('of another issuer is not used (M-16)', async () => {
    const world = await open({
      metadata: { registration_endpoint: undefined },
      policy: { clients: [{ issuer: 'https://other.example', client_id: 'elsewhere' }] },
    });
    expect(await ask(world)).toMatchObject({ code: 'client_registration_required' });
  });
});

describe('registration', () => {
  it.each(storeKinds)(
    'happens once for 50 callers at the same time, in two managers on one %s store (M7)',
    async (store) => {
      const world = await open({ store });
      const sibling = await world.openSibling();
      const callers = Array.from({ length: 50 }, (_, at) =>
        (at % 2 ? sibling : world.manager).mcp.requireToken(`u${at}`, world.url),
      );
      const outcomes = await Promise.allSettled(callers);
      expect(outcomes.every((each) => each.status === 'rejected' && each.reason instanceof OAuthNotConnected)).toBe(
        true,
      );
      expect(registrations(world)).toHaveLength(1);
    },
  );

  it('that is refused is the operator’s to mend, with the word of the server (S1-10)', async () => {
    const world = await open({
      registration: { status: 400, json: { error: 'invalid_redirect_uri', error_description: 'SECRET' } },
    });
    const error = await ask(world);
    expect(error).toMatchObject({ code: 'client_registration_required', oauthError: 'invalid_redirect_uri' });
    expect(JSON.stringify([error, String(error)])).not.toContain('SECRET');
  });

  it.each([
    ['500', { status: 500 }, 'provider_unavailable'],
    ['429', { status: 429 }, 'provider_unavailable'],
    ['a cut connection', { cut: 'at_once' as const }, 'provider_unavailable'],
    ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, 'discovery_failed'],
    ['no client id', { status: 201, json: { client_secret: 'x' } }, 'discovery_failed'],
    ['a page', { status: 200, text: '<html>' }, 'discovery_failed'],
  ])(
    'answered with %s is tried again half a minute later, and not before (S1-10, M-15, M7)',
    async (_what, registration, code) => {
      const world = await open({ registration });
      expect(await ask(world)).toMatchObject({ code });
      world.issuer.answer('/register', { status: 201, json: { client_id: 'later' } });
      for (let count = 0; count < 5; count += 1) expect(await ask(world)).toMatchObject({ code });
      expect(registrations(world)).toHaveLength(1);
      world.clock.advance(30_000);
      expect(await ask(world)).toMatchObject({ code: 'not_connected' });
    },
  );

  it('is made anew when its secret is about to end, without discovery (M-17)', async () => {
    const now = Math.floor(Date.now() / 1000);
    const world = await open({
      registration: { status: 201, json: { client_id: 'a', client_secret: 's', client_secret_expires_at: now + 3600 } },
    });
    await ask(world);
    await ask(world, 'grace');
    expect(registrations(world)).toHaveLength(1);
    world.clock.advance(3_600_000);
    world.issuer.answer('/register', { status: 201, json: { client_id: 'b', client_secret: 't' } });
    expect((await connect(world)).searchParams.get('client_id')).toBe('b');
    expect(registrations(world)).toHaveLength(2);
    expect(world.server.requestsTo(places.resource)).toHaveLength(1);
  });

  it('that the server has forgotten is made anew once, and the person connects again (M-17)', async () => {
    const world = await open();
    await connect(world);
    world.clock.advance(3_600_000 + 1_000);
    const known = new Set(['client-2']);
    world.issuer.answer('/token', ({ headers }) => {
      const [id = ''] = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')
        .toString()
        .split(':');
      return known.has(id)
        ? { status: 400, json: { error: 'invalid_grant' } }
        : { status: 401, json: { error: 'invalid_client' } };
    });
    expect(await ask(world)).toMatchObject({ code: 'reauthorization_required' });
    expect(registrations(world)).toHaveLength(2);
    expect(world.server.requestsTo(places.resource)).toHaveLength(1);
  });

  it('that the server forgets again and again is not made again and again', async () => {
    const world = await open();
    await connect(world);
    world.clock.advance(3_600_000 + 1_000);
    world.issuer.answer('/token', { status: 401, json: { error: 'invalid_client' } });
    for (let count = 0; count < 8; count += 1) {
      await ask(world);
      world.clock.advance(120_000);
    }
    expect(registrations(world).length).toBeLessThanOrEqual(4);
  });

  it('at the callback already is forgotten: the next link has a new client', async () => {
    const world = await open();
    const error = await ask(world);
    world.issuer.answer('/token', { status: 401, json: { error: 'invalid_client' } });
    if (!(error instanceof OAuthNotConnected)) throw error;
    await expect(world.connect(error.connectUrl)).rejects.toMatchObject({ code: 'provider_misconfigured' });
    await ask(world);
    expect(registrations(world)).toHaveLength(2);
  });
});

describe('client authentication (M-18)', () => {
  it('is Basic with the form-encoding of RFC 6749 2.3.1 when the metadata says nothing', async () => {
    const world = await open({
      metadata: { token_endpoint_auth_methods_supported: undefined },
      registration: { status: 201, json: { client_id: 'id:with %', client_secret: 'sécret+/&' } },
    });
    await connect(world);
    const credentials = Buffer.from(tokenRequest(world)?.headers.authorization?.slice(6) ?? '', 'base64').toString();
    expect(credentials.split(':').map((part) => new URLSearchParams(`x=${part}`).get('x'))).toEqual([
      'id:with %',
      'sécret+/&',
    ]);
    expect(tokenRequest(world)?.form.has('client_secret')).toBe(false);
  });

  it.each([
    [['client_secret_post'], undefined, 'post'],
    [['client_secret_basic', 'client_secret_post'], 'client_secret_post', 'post'],
    [['client_secret_basic', 'client_secret_post'], undefined, 'basic'],
    [['none'], undefined, 'none'],
    [['private_key_jwt', 'none'], 'none', 'none'],
  ])('is chosen of %j, with %s in the registration: %s', async (supported, registered, used) => {
    const world = await open({
      metadata: { token_endpoint_auth_methods_supported: supported },
      registration: {
        status: 201,
        json: { client_id: 'c', client_secret: 's', token_endpoint_auth_method: registered },
      },
    });
    await connect(world);
    const { form, headers } = tokenRequest(world) ?? {};
    const seen = headers?.authorization?.startsWith('Basic ') ? 'basic' : form?.has('client_secret') ? 'post' : 'none';
    expect(seen).toBe(used);
  });
});
