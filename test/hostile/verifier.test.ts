/** Proof `app_verifier`: whoever has a JWT of his own sends his link to somebody else, and has the host confirm himself (L1). */

import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AttackedService, asJson, bearer, jwt, keys, openAttacked, shoot } from './attacked-service.js';
import { cookieOf, press } from './hostile-flow.js';

const verifier = 'https://app.example/verify';
let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked({ CONNECT_PROOF: 'app_verifier', APP_VERIFIER_URL: verifier });
});
afterAll(() => service.close());

async function personal(sub: string): Promise<string> {
  const now = Math.floor(service.clock.now() / 1000);
  const claims = { iss: jwt.issuer, aud: jwt.audience, sub, role: 'user', iat: now, exp: now + 600 };
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(jwt.secret));
}

async function post(path: string, key: string, body: object) {
  const headers = { ...bearer(key), ...asJson };
  const { status, text } = await shoot(service, { method: 'POST', path, headers, body: JSON.stringify(body) });
  return { status, body: JSON.parse(text) };
}

/** Where the browser that finishes the link is sent in the end. */
async function finish(connectUrl: string): Promise<URL> {
  const started = await press(service, 'scripted', new URL(connectUrl).searchParams.get('link') ?? '');
  const approved = await fetch(String(started.headers.location), { redirect: 'manual' });
  const { search } = new URL(approved.headers.get('location') ?? '');
  const headers = { cookie: cookieOf(started) };
  await shoot(service, { path: `/oauth/scripted/callback${search}`, headers });
  return new URL(String((await shoot(service, { path: '/oauth/scripted/done', headers })).headers.location));
}

it('nothing tells the person by which id the host would confirm the browser of the victim (L1)', async () => {
  const key = await personal('mallory');
  const made = await post('/v1/users/mallory/connect/scripted', key, {});
  const asked = await shoot(service, { path: '/v1/users/mallory/tokens/scripted', headers: bearer(key) });
  const hash = { rejected_token_sha256: '0'.repeat(64) };
  const refreshed = await post('/v1/users/mallory/tokens/scripted/refresh', key, hash);
  expect([made.status, asked.status, refreshed.status]).toEqual([201, 409, 409]);
  const bodies = [made.body, JSON.parse(asked.text), refreshed.body];
  expect(bodies.map(({ connect_id }) => connect_id)).toEqual(['', '', '']);
  const arrived = await finish(made.body.connect_url);
  const id = arrived.searchParams.get('connect_id');
  expect(arrived.href).toBe(`${verifier}?connect_id=${id}`);
  expect(id).toMatch(/^cn_.{20}$/);
  expect(JSON.stringify(bodies)).not.toContain(id);
}, 60_000);

it('the person is told all the rest: which scopes are missing, and that the connection is paused', async () => {
  const key = await personal('eve');
  await service.manager.storeToken('eve', { provider: 'scripted', accessToken: 'at', scope: ['read'] });
  const ask = async (query = '') =>
    JSON.parse((await shoot(service, { path: `/v1/users/eve/tokens/scripted${query}`, headers: bearer(key) })).text);
  const common = {
    connect_id: '',
    connect_url: expect.stringContaining('/oauth/scripted?link='),
    provider: 'scripted',
  };
  const missing = { code: 'insufficient_scope', missing_scopes: ['admin'] };
  expect(await ask('?scopes=admin')).toMatchObject({ ...common, ...missing });
  await service.manager.pauseConnection('eve', 'scripted');
  expect(await ask()).toMatchObject({ ...common, code: 'not_connected', paused: true });
});

it('the browser of the right person is confirmed by the id that it brings', async () => {
  const { body } = await post('/v1/users/ada/connect/scripted', await personal('ada'), {});
  const id = (await finish(body.connect_url)).searchParams.get('connect_id');
  expect((await post(`/v1/connects/${id}/verify`, keys.bot, { user: 'grace' })).status).toBe(403);
  expect(await post(`/v1/connects/${id}/verify`, keys.bot, { user: 'ada' })).toMatchObject({
    status: 200,
    body: { status: 'connected', connect_id: id },
  });
}, 60_000);

it('a bot is told it, and so is the person by another proof', async () => {
  const byBot = await post('/v1/users/bob/connect/scripted', keys.bot, {});
  const byCode = await post('/v1/users/bob/connect/scripted', await personal('bob'), { proof: 'chat_code' });
  for (const { status, body } of [byBot, byCode]) {
    expect(status).toBe(201);
    expect(body.connect_id).toMatch(/^cn_/);
  }
});
