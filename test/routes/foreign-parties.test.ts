/** Every route of /v1, as the routes declare them, × every role × another tenant and another user: nothing seen, nothing touched. */

import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../routes/caller.js';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { createApiKey } from '../../src/service/api-keys.js';
import { type ApiUnderTest, bearer, buildApi, jwtIssuer, jwtSecret } from './api-app.js';
import { inSeconds } from './calls.js';

let api: ApiUnderTest;
const declared: { method: string; url: string }[] = [];

/** Whatever belongs to the victim bears this mark. */
const mark = 'MARK-of-the-victim';
const victim = `${mark}-user`;
let connectId: string;
let keyId: string;

beforeAll(async () => {
  api = await buildApi({
    observe: (app) =>
      app.addHook('onRoute', ({ method, url, config, schema }) => {
        const hidden = schema !== undefined && 'hide' in schema && schema.hide === true;
        if (!url.startsWith('/v1') || hidden || config?.roles === undefined) return;
        for (const one of [method].flat()) if (one !== 'HEAD') declared.push({ method: one, url });
      }),
  });
  await api.app.ready();
  const owner = { owner: `${mark}-team`, role: 'bot', tenant: tenantIdSchema.parse('default') } as const;
  keyId = (await createApiKey(api.store.documents, owner, Date.now())).view.id;
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.manager.storeToken(victim, {
    provider: 'github',
    accessToken: `${mark}-at`,
    refreshToken: `${mark}-rt`,
    expiresAt: inSeconds(3600),
  });
  connectId = (await api.manager.startConnect(victim, 'slack', {})).connectId;
});

const roles: readonly Role[] = ['bot', 'viewer', 'admin', 'user'];

function sign(role: Role, tenant: string, sub = 'stranger'): Promise<string> {
  return new SignJWT({ iss: jwtIssuer, aud: 'valetkey', sub, role, tenant, iat: inSeconds(0), exp: inSeconds(60) })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(jwtSecret));
}

const bodies: Record<string, object> = {
  '/v1/users/:user/tokens/:provider/refresh': { rejected_token_sha256: 'a'.repeat(64) },
  '/v1/exchange/:provider': { subject_token: 's' },
  '/v1/users/:user/proof': { code: 'AAAA2222' },
  '/v1/connects/:connect_id/verify': { user: victim },
  '/v1/users/:user/mcp/token': { server_url: 'not a url' },
  '/v1/api-keys': { owner: 'team' },
  '/v1/revocations': { subject: victim },
};

/** Asks for the victim's records by their right names. */
async function ask({ method, url }: { method: string; url: string }, credential: string) {
  const names: Record<string, string> = {
    ':user': victim,
    ':provider': 'github',
    ':connect_id': connectId,
    ':id': keyId,
  };
  const address = url.replace(/:[a-z_]+/g, (name) => names[name] ?? name);
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') throw new TypeError(`unexpected ${method}`);
  return api.app.inject({ method, url: address, payload: bodies[url], headers: bearer(credential) });
}

/** Everything of the victim that somebody could have touched. */
async function belongings() {
  const token = await api.manager.getToken(victim, 'github');
  const keys = await api.store.documents.list('api_keys');
  return {
    token: token?.accessToken.reveal(),
    connections: (await api.manager.listUserConnections(victim)).length,
    connect: (await api.manager.findConnect(connectId))?.status,
    key: JSON.stringify(keys.get(keyId)),
  };
}

/** The event stream does not end by itself; it has a file of its own. */
const routes = () => declared.filter(({ url }) => url !== '/v1/events');

describe.each(roles)('a caller of role %s', (role) => {
  it('in another tenant sees and touches nothing of the victim, on any route (A3)', async () => {
    const credential = await sign(role, 'other');
    const before = await belongings();
    expect(routes().length).toBeGreaterThan(15);
    for (const route of routes()) {
      const { statusCode, body, headers } = await ask(route, credential);
      const seen = (body + JSON.stringify(headers)).replaceAll(encodeURIComponent(victim), '');
      expect([route.method, route.url, seen.includes(mark)]).toEqual([route.method, route.url, false]);
      expect(statusCode).toBeLessThan(500);
      expect([route.method, route.url, await belongings()]).toEqual([route.method, route.url, before]);
    }
  });
});

describe('a person', () => {
  it.each(['default', 'other'])(
    'of tenant %s sees and touches nothing of another person, on any route (A3)',
    async (tenant) => {
      const credential = await sign('user', tenant);
      const before = await belongings();
      for (const route of routes()) {
        const { statusCode, body } = await ask(route, credential);
        if (route.url.includes(':user')) expect([route.url, statusCode]).toEqual([route.url, 403]);
        expect([route.url, body.includes(mark)]).toEqual([route.url, false]);
        expect([route.method, route.url, await belongings()]).toEqual([route.method, route.url, before]);
      }
    },
  );

  it('is seen by itself: the same requests do find what they ask for', async () => {
    const credential = await sign('user', 'default', victim);
    const { statusCode, body } = await ask({ method: 'GET', url: '/v1/users/:user/tokens/:provider' }, credential);
    expect([statusCode, body.includes(mark)]).toEqual([200, true]);
  });
});
