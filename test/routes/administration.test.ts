/** API keys and refused callers over HTTP: made, listed and revoked within one tenant. */

import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { createApiKey } from '../../src/service/api-keys.js';
import { RevokedCallers } from '../../src/service/revoked-callers.js';
import { createManualClock } from '../support/clock.js';
import { type ApiUnderTest, buildApi, jwtIssuer, jwtSecret, keys } from './api-app.js';
import { get, inSeconds, send } from './calls.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await buildApi();
});
afterAll(() => api.close());

const asAdmin = (payload?: object) => ({ key: keys.admin, ...(payload && { payload }) });

async function signUser(sub: string, more: object = {}): Promise<string> {
  return new SignJWT({ iss: jwtIssuer, aud: 'valetkey', sub, iat: inSeconds(0), exp: inSeconds(60), ...more })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(jwtSecret));
}

describe('API keys over HTTP', () => {
  it('are shown once, work at once, and are refused from the call after their end (S3-14)', async () => {
    const made = await send(api, 'POST', '/v1/api-keys', asAdmin({ owner: 'team', providers: ['github'] }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ owner: 'team', role: 'bot', providers: ['github'], expires_at: null });
    const { id, key } = made.body;
    expect((await get(api, '/v1/users/u1/connections', key)).status).toBe(200);
    const listed = await get(api, '/v1/api-keys', keys.admin);
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect(listed.body.api_keys.map((each: { id: string }) => each.id)).toContain(id);
    expect((await send(api, 'DELETE', `/v1/api-keys/${id}`, asAdmin())).body).toEqual({ id, revoked: true });
    expect((await get(api, '/v1/users/u1/connections', key)).status).toBe(401);
    const trail = await get(api, '/v1/audit', keys.admin);
    const about = trail.body.entries.filter((entry: { object?: string }) => entry.object === id);
    expect(about.map(({ act, outcome }: { act: string; outcome: string }) => `${act} ${outcome}`)).toEqual([
      'api_key.create ok',
      'api_key.revoke ok',
    ]);
    expect(JSON.stringify(trail.body)).not.toContain(key);
  });

  it('of another tenant are neither listed nor revoked (A3)', async () => {
    const request = { owner: 'them', role: 'bot', tenant: tenantIdSchema.parse('other') } as const;
    const { key, view } = await createApiKey(api.store.documents, request, Date.now());
    expect(JSON.stringify((await get(api, '/v1/api-keys', keys.admin)).body)).not.toContain(view.id);
    const { status, body } = await send(api, 'DELETE', `/v1/api-keys/${view.id}`, asAdmin());
    expect([status, body.code]).toEqual([404, 'not_found']);
    expect((await get(api, '/v1/providers', key.reveal())).status).toBe(200);
  });

  it('cannot be made wider than the credential that makes them', async () => {
    const { body } = await send(
      api,
      'POST',
      '/v1/api-keys',
      asAdmin({ owner: 't', role: 'admin', providers: ['slack'] }),
    );
    const limited = await send(api, 'POST', '/v1/api-keys', { key: body.key, payload: { owner: 't', role: 'admin' } });
    expect([limited.status, limited.body.code]).toEqual([403, 'forbidden']);
  });

  it.each([
    [{}],
    [{ owner: '' }],
    [{ owner: 'team\u009b31m' }],
    [{ owner: 'x', role: 'root' }],
    [{ owner: 'x', tenant: 'other' }],
    [{ owner: 'x', providers: [] }],
    [{ owner: 'x', expires_at: 1 }],
    [{ owner: 'x', expires_at: 4_102_444_800_000 }],
    [{ owner: 'x', expires_at: Number.MAX_SAFE_INTEGER }],
  ])('are not made of %j', async (payload) => {
    const { status, body } = await send(api, 'POST', '/v1/api-keys', asAdmin(payload));
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it('are for providers that somebody knows: a misspelt one is named by its place', async () => {
    const refused = await send(api, 'POST', '/v1/api-keys', asAdmin({ owner: 'x', providers: ['github', 'gihtub'] }));
    expect([refused.status, refused.body.code, refused.body.field]).toEqual([400, 'invalid_request', 'providers.1']);
    expect(JSON.stringify(refused.body)).not.toContain('gihtub');
    const providers = ['github', 'google', 'mcp-0123456789abcdef'];
    const made = await send(api, 'POST', '/v1/api-keys', asAdmin({ owner: 'x', providers }));
    expect([made.status, made.body.providers]).toEqual([201, providers]);
  });
});

describe('a caller who is revoked', () => {
  const path = (user: string) => `/v1/users/${user}/connections`;

  it('is refused although the JWT is still valid, and only that subject (S3-08)', async () => {
    const [mine, other] = [await signUser('r1'), await signUser('r2')];
    expect((await get(api, path('r1'), mine)).status).toBe(200);
    expect((await send(api, 'POST', '/v1/revocations', asAdmin({ subject: 'r1' }))).body).toEqual({ until: null });
    expect((await get(api, path('r1'), mine)).status).toBe(401);
    expect((await get(api, path('r2'), other)).status).toBe(200);
    await send(api, 'POST', '/v1/revocations', asAdmin({ subject: 'r1', until: inSeconds(-1) }));
    expect((await get(api, path('r1'), mine)).status).toBe(200);
  });

  it('may be one token by its id, in one tenant', async () => {
    const [one, two] = [await signUser('r3', { jti: 'j1' }), await signUser('r3', { jti: 'j2' })];
    const elsewhere = await signUser('r3', { jti: 'j1', tenant: 'other' });
    await send(api, 'POST', '/v1/revocations', asAdmin({ jti: 'j1', until: inSeconds(60) }));
    const statuses = await Promise.all(
      [one, two, elsewhere].map(async (jwt) => (await get(api, path('r3'), jwt)).status),
    );
    expect(statuses).toEqual([401, 200, 200]);
  });

  it.each([[{}], [{ subject: 'a', jti: 'b' }], [{ subject: '' }], [{ subject: 'a', until: 'soon' }]])(
    'is not named by %j',
    async (payload) => {
      expect((await send(api, 'POST', '/v1/revocations', asAdmin(payload))).status).toBe(400);
    },
  );

  it('is known to another replica after three seconds', async () => {
    const clock = createManualClock(Date.now());
    const tenant = tenantIdSchema.parse('replicas');
    const [here, there] = [1, 2].map(() => new RevokedCallers(api.store.documents, clock.now));
    expect(await there?.has(tenant, { subject: 's' })).toBe(false);
    await here?.revoke(tenant, { subject: 's' }, clock.now() + 10_000);
    expect(await here?.has(tenant, { subject: 's' })).toBe(true);
    clock.advance(3000);
    expect(await there?.has(tenant, { subject: 's' })).toBe(true);
    clock.advance(7000);
    expect(await there?.has(tenant, { subject: 's' })).toBe(false);
  });

  it.each([
    ['who has to sign in for it (proof chat_login)', { platform: 'discord', name: 'x', subject: '1' }],
    ['who asks on its landing page (L1)', { platform: 'discord', name: 'The victim' }],
  ])('cannot say of its own link %s', async (_what, chat_identity) => {
    const payload = { chat_identity };
    const refused = await send(api, 'POST', '/v1/users/r9/connect/github', { key: await signUser('r9'), payload });
    expect(refused.status).toBe(403);
    expect((await send(api, 'POST', '/v1/users/r9/connect/github', { payload })).status).toBe(201);
  });
});
