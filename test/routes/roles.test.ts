/** Who may do what: every route of /v1 against every role, foreign users, tenants and providers. */

import { createHash } from 'node:crypto';
import Fastify from 'fastify';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Role, requireCallers } from '../../routes/caller.js';
import { ConnectJourneys } from '../../src/connect-journeys.js';
import { providerIdSchema, tenantIdSchema } from '../../src/core/identifiers.js';
import { createApiKey } from '../../src/service/api-keys.js';
import { type ApiUnderTest, bearer, buildApi, jwtIssuer, jwtSecret, keys } from './api-app.js';
import { get, inSeconds, send } from './calls.js';

let api: ApiUnderTest;

/** Every route of /v1 with its roles, as the routes themselves declare them. */
const declared: { method: string; url: string; roles: readonly Role[]; everyProvider: boolean; audit?: string }[] = [];

beforeAll(async () => {
  api = await buildApi({
    observe: (app) =>
      app.addHook('onRoute', ({ method, url, config, schema }) => {
        const hidden = schema !== undefined && 'hide' in schema && schema.hide === true;
        if (!url.startsWith('/v1') || hidden || config?.roles === undefined) return;
        const { roles, everyProvider = false, audit } = config;
        for (const one of [method].flat())
          if (one !== 'HEAD') declared.push({ method: one, url, roles, everyProvider, audit });
      }),
  });
  await api.app.ready();
});
afterAll(() => api.close());

async function signUser(sub: string, more: object = {}): Promise<string> {
  return new SignJWT({ iss: jwtIssuer, aud: 'valetkey', sub, iat: inSeconds(0), exp: inSeconds(60), ...more })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(jwtSecret));
}

describe('who may do what', () => {
  const bodies: Record<string, object> = {
    '/v1/users/:user/tokens/:provider/refresh': {
      rejected_token_sha256: createHash('sha256').update('x').digest('hex'),
    },
    '/v1/exchange/:provider': { subject_token: 's' },
    '/v1/users/:user/proof': { code: 'AAAA2222' },
    '/v1/connects/:connect_id/verify': { user: 'm1' },
    '/v1/api-keys': { owner: 'team' },
    '/v1/revocations': { subject: 'nobody' },
  };

  /** The code of the problem, or `ok`. */
  async function answerOf(route: { method: string; url: string }, key: string, user = 'm1', provider = 'github') {
    const url = route.url.replace(':user', user).replace(':provider', provider).replace(':connect_id', 'cn_x');
    const { method } = route;
    if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') throw new TypeError(`unexpected ${method}`);
    const response = await api.app.inject({ method, url, payload: bodies[route.url], headers: bearer(key) });
    return response.statusCode < 300 ? 'ok' : String(response.json().code);
  }

  /** The event stream does not end by itself; it has a file of its own. */
  const finite = () => declared.filter(({ url }) => url !== '/v1/events');

  it('has the routes of the contract and no others', () => {
    expect(declared.map(({ method, url }) => `${method} ${url}`).sort()).toEqual([
      'DELETE /v1/api-keys/:id',
      'DELETE /v1/users/:user',
      'DELETE /v1/users/:user/connections/:provider',
      'GET /v1/api-keys',
      'GET /v1/audit',
      'GET /v1/connects/:connect_id',
      'GET /v1/events',
      'GET /v1/providers',
      'GET /v1/users/:user/connections',
      'GET /v1/users/:user/connections/:provider/usage',
      'GET /v1/users/:user/tokens/:provider',
      'POST /v1/api-keys',
      'POST /v1/connects/:connect_id/verify',
      'POST /v1/exchange/:provider',
      'POST /v1/revocations',
      'POST /v1/users/:user/account-link',
      'POST /v1/users/:user/connect/:provider',
      'POST /v1/users/:user/mcp/token',
      'POST /v1/users/:user/proof',
      'POST /v1/users/:user/tokens/:provider/refresh',
    ]);
  });

  it('lets every role do what its route declares, and nothing else', async () => {
    const credentials: Record<Role, string> = {
      bot: keys.bot,
      viewer: keys.viewer,
      admin: keys.admin,
      user: await signUser('m1'),
    };
    const found: string[] = [];
    const wanted: string[] = [];
    for (const route of finite()) {
      for (const [role, key] of Object.entries(credentials)) {
        const refused = (await answerOf(route, key)) === 'forbidden';
        found.push(`${role} ${route.method} ${route.url} ${refused ? 'forbidden' : 'allowed'}`);
        const allowed = route.roles.some((declaredRole) => declaredRole === role);
        wanted.push(`${role} ${route.method} ${route.url} ${allowed ? 'allowed' : 'forbidden'}`);
      }
    }
    expect(found).toEqual(wanted);
    expect(found.length).toBe(finite().length * 4);
  });

  it('gives a viewer lists and never a token, a link or a change', () => {
    const forViewer = declared.filter(({ roles }) => roles.includes('viewer'));
    expect(forViewer.map(({ method, url }) => `${method} ${url}`).sort()).toEqual([
      'GET /v1/connects/:connect_id',
      'GET /v1/events',
      'GET /v1/providers',
      'GET /v1/users/:user/connections',
      'GET /v1/users/:user/connections/:provider/usage',
    ]);
  });

  it('gives a person its own tokens, connects and connections, and nothing that a deployment shares', () => {
    const forPerson = declared.filter(({ roles }) => roles.includes('user'));
    expect(forPerson.map(({ method, url }) => `${method} ${url}`).sort()).toEqual([
      'DELETE /v1/users/:user',
      'DELETE /v1/users/:user/connections/:provider',
      'GET /v1/providers',
      'GET /v1/users/:user/connections',
      'GET /v1/users/:user/connections/:provider/usage',
      'GET /v1/users/:user/tokens/:provider',
      'POST /v1/users/:user/account-link',
      'POST /v1/users/:user/connect/:provider',
      'POST /v1/users/:user/mcp/token',
      'POST /v1/users/:user/proof',
      'POST /v1/users/:user/tokens/:provider/refresh',
    ]);
  });

  it('writes down everything that hands something out or changes something (S3-25)', () => {
    const silent = declared.filter(({ method, audit }) => audit === undefined && method !== 'GET');
    expect(silent.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
    const reads = declared.filter(({ method, audit }) => audit !== undefined && method === 'GET');
    expect(reads.map(({ url }) => url)).toEqual(['/v1/users/:user/tokens/:provider']);
  });

  it('keeps a person to its own records, on every route that names a user', async () => {
    const person = await signUser('m1');
    for (const route of finite().filter(({ url, roles }) => url.includes(':user') && roles.includes('user'))) {
      expect([route.url, await answerOf(route, person, 'm2')]).toEqual([route.url, 'forbidden']);
      expect([route.url, await answerOf(route, person, 'm1%20')]).toEqual([route.url, 'forbidden']);
      expect([route.url, await answerOf(route, person, 'm1')]).not.toEqual([route.url, 'forbidden']);
    }
  });

  it('does not let a person say who is in the browser (proof app_verifier)', async () => {
    const verify = declared.find(({ url }) => url.endsWith('/verify'));
    expect(verify?.roles).toEqual(['bot', 'admin']);
  });

  it('takes the tenant from the credential: another tenant sees nothing', async () => {
    await api.manager.storeToken('x1', { provider: 'github', accessToken: 'of default' });
    expect((await get(api, '/v1/users/x1/tokens/github')).status).toBe(200);
    expect((await get(api, '/v1/users/x1/tokens/github', keys.foreign)).status).toBe(409);
    expect((await get(api, '/v1/users/x1/tokens/github?tenant=default', keys.foreign)).status).toBe(409);
    expect((await get(api, '/v1/users/x1/connections', keys.foreign)).body).toEqual({ connections: [] });
    await send(api, 'DELETE', '/v1/users/x1', { key: keys.foreign });
    expect((await get(api, '/v1/users/x1/tokens/github')).status).toBe(200);
  });

  it('keeps a key to its providers', async () => {
    const { key } = await createApiKey(
      api.store.documents,
      {
        owner: 'team',
        role: 'bot',
        tenant: tenantIdSchema.parse('default'),
        providers: [providerIdSchema.parse('slack')],
      },
      Date.now(),
    );
    const limited = key.reveal();
    await api.manager.storeToken('p1', { provider: 'github', accessToken: 'at' });
    const aboutGithub = finite().filter(
      ({ url, everyProvider, roles }) => roles.includes('bot') && (url.includes(':provider') || everyProvider),
    );
    expect(aboutGithub.length).toBe(9);
    for (const route of aboutGithub)
      expect([route.url, await answerOf(route, limited, 'p1')]).toEqual([route.url, 'forbidden']);
    expect((await get(api, '/v1/users/p1/tokens/slack', limited)).status).toBe(409);
    expect((await get(api, '/v1/users/p1/connections', limited)).body).toEqual({ connections: [] });
    const proof = vi.spyOn(ConnectJourneys.prototype, 'submitProof');
    await send(api, 'POST', '/v1/users/p1/proof', { payload: { code: 'AAAA2222' }, key: limited });
    expect(proof.mock.calls).toEqual([['p1', 'AAAA2222', { tenant: 'default', providers: ['slack'] }]]);
    expect((await get(api, '/v1/providers', limited)).body.providers.map(({ id }: { id: string }) => id)).toEqual([
      'slack',
    ]);
    const { body } = await send(api, 'POST', '/v1/users/p1/connect/github');
    expect((await get(api, `/v1/connects/${body.connect_id}`, limited)).status).toBe(404);
    const verify = (key: string) =>
      send(api, 'POST', `/v1/connects/${body.connect_id}/verify`, { payload: { user: 'p1' }, key });
    // A key without limits is told why this connect is not verified.
    expect((await verify(keys.bot)).body.code).toBe('forbidden');
    expect((await verify(limited)).body.code).toBe('unknown_connect');
  });

  it('does not start with a route that declares no roles', async () => {
    const app = Fastify();
    await expect(
      app.register(async (scope) => {
        requireCallers(scope, () => Promise.reject(new TypeError('not asked')));
        scope.get('/forgotten', () => 'open to all');
      }),
    ).rejects.toThrow('GET /forgotten declares no roles');
  });

  it('carries no refresh token on any route (canary sweep)', async () => {
    await api.manager.storeToken('s1', {
      provider: 'github',
      accessToken: 'at',
      refreshToken: 'refresh-canary',
      expiresAt: inSeconds(3600),
    });
    for (const { method, url } of finite()) {
      const address = url.replace(':user', 's1').replace(':provider', 'github').replace(':connect_id', 'cn_x');
      if (method === 'DELETE') continue;
      const response = await api.app.inject({
        method: method === 'GET' ? 'GET' : 'POST',
        url: address,
        payload: bodies[url],
        headers: bearer(keys.admin),
      });
      expect(response.body + JSON.stringify(response.headers)).not.toContain('refresh-canary');
    }
    expect(api.logged.join('')).not.toContain('refresh-canary');
  });
});
