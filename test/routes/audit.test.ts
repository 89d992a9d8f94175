/** What the trail says of a caller, and what happens when it, or the count of requests, cannot be written. */

import { SignJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import type { CounterStore } from '../../src/core/store.js';
import { type ApiUnderTest, bearer, buildApi, jwtIssuer, jwtSecret, keys } from './api-app.js';
import { get, inSeconds, send } from './calls.js';

let api: ApiUnderTest;
afterEach(() => api.close());

const down = () => Promise.reject(new StoreUnavailable('The store does not answer.', 'no'));

/** A user with a token, at an API whose trail takes nothing any more. */
async function buildWithoutTrail(auditFailOpen?: boolean): Promise<void> {
  api = await buildApi({ plugin: { auditFailOpen } });
  await api.manager.storeToken('u1', { provider: 'github', accessToken: 'the-access-token' });
  vi.spyOn(api.store.audit, 'append').mockImplementation(down);
}

describe('an entry', () => {
  it('says nothing of what stands where the route does not read it', async () => {
    api = await buildApi();
    const aside = '?user=victim&provider=github&account=work&id=7';
    const asked = { key: keys.admin, payload: { owner: 'me', role: 'bot' } };
    const made = await send(api, 'POST', `/v1/api-keys${aside}`, asked);
    const payload = { provider: 'slack', account: 'work', connect_id: 'cn_7' };
    expect((await send(api, 'POST', '/v1/users/u1/account-link', { payload })).status).toBe(201);
    const entries = (await api.store.audit.read(defaultTenant, undefined, 10)).map(({ entry }) => entry);
    expect(entries.map(({ act, user, provider, account, object }) => [act, user, provider, account, object])).toEqual([
      ['api_key.create', undefined, undefined, undefined, made.body.id],
      ['account_link.create', 'u1', undefined, undefined, undefined],
    ]);
  });

  it('tells the subject of a JWT from the key of the same id, and so do the limits', async () => {
    const counted: string[] = [];
    const add: CounterStore['add'] = async (name) => {
      counted.push(name);
      return { count: 1, remainingMs: 1 };
    };
    const counters: CounterStore = { add, peek: async () => 0, reset: async () => undefined };
    api = await buildApi({ plugin: { limits: { counters, perCaller: 3, perBrowserAddress: 0 } } });
    await api.manager.storeToken('u1', { provider: 'github', accessToken: 'the-access-token' });
    const claims = { iss: jwtIssuer, aud: 'valetkey', sub: 'bot', role: 'bot', iat: inSeconds(0), exp: inSeconds(60) };
    const sign = (more: object) =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(jwtSecret));
    const jwt = await sign({});
    for (const key of [keys.bot, jwt]) expect((await get(api, '/v1/users/u1/tokens/github', key)).status).toBe(200);
    const entries = await api.store.audit.read(defaultTenant, undefined, 10);
    const actors = entries.filter(({ entry }) => entry.act === 'token.issue').map(({ entry }) => entry.actor);
    expect(actors).toEqual([
      { kind: 'caller', id: 'bot' },
      { kind: 'caller', id: 'bot', credential: 'jwt' },
    ]);
    expect((await get(api, '/v1/providers', await sign({ tenant: 'acme' }))).status).toBe(200);
    expect(new Set(counted).size).toBe(3);
  });
});

it('as JSON lines no more entries are told than were asked for, however many there are', async () => {
  api = await buildApi();
  const entry = { tenant: defaultTenant, act: 'erase', actor: { kind: 'caller', id: 'x' }, outcome: 'ok' } as const;
  await Promise.all(Array.from({ length: 1_100 }, (_, at) => api.store.audit.append({ ...entry, at })));
  const headers = { ...bearer(keys.admin), accept: 'application/x-ndjson' };
  const { body } = await api.app.inject({ url: '/v1/audit?limit=501', headers });
  expect(body.trimEnd().split('\n')).toHaveLength(501);
});

describe('without an audit trail', () => {
  it('no token, link or account link is handed out (S3-26)', async () => {
    await buildWithoutTrail();
    const refused = [
      await get(api, '/v1/users/u1/tokens/github'),
      await send(api, 'POST', '/v1/users/u1/connect/github'),
      await send(api, 'POST', '/v1/users/u1/account-link'),
    ];
    for (const { status, body } of refused) {
      expect([status, body.code]).toEqual([503, 'store_unavailable']);
      expect(JSON.stringify(body)).not.toMatch(/the-access-token|link=/);
    }
  });

  it('of many tokens at once those are handed out whose entries are stored, and no others', async () => {
    api = await buildApi();
    await api.manager.storeToken('u1', { provider: 'github', accessToken: 'the-access-token' });
    const append = api.engine.append;
    vi.spyOn(api.engine, 'append').mockImplementation(down).mockImplementationOnce(append);
    // More than one write takes.
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(api, '/v1/users/u1/tokens/github')));
    const handedOut = answers.filter(({ body }) => body.access_token === 'the-access-token');
    const refused = answers.filter(({ status, body }) => status === 503 && body.code === 'store_unavailable');
    const entries = await api.store.audit.read(defaultTenant, undefined, 100);
    const issued = entries.filter(({ entry: { act } }) => act === 'token.issue');
    expect(handedOut.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    expect(handedOut.length + refused.length).toBe(100);
    expect(issued).toHaveLength(handedOut.length);
    expect(new Set(issued.map(({ entry }) => entry.request_id)).size).toBe(handedOut.length);
  });

  it('AUDIT_FAIL_OPEN hands them out, and the log says that the entry is missing', async () => {
    await buildWithoutTrail(true);
    expect((await get(api, '/v1/users/u1/tokens/github')).body.access_token).toBe('the-access-token');
    expect(api.logged.join('')).toContain('an entry of the audit trail could not be written');
  });

  it('what has happened is told as it is', async () => {
    await buildWithoutTrail();
    expect((await send(api, 'DELETE', '/v1/users/u1/connections/github')).status).toBe(200);
    expect((await get(api, '/v1/users/u1/connections')).body).toEqual({ connections: [] });
  });
});

describe('without counts', () => {
  const counters: CounterStore = { add: down, peek: down, reset: down };
  const limits = { counters, perCaller: 1, perBrowserAddress: 1 };

  it('callers go on, and nobody is told whether a guess was wrong (S3-17)', async () => {
    api = await buildApi({ plugin: { limits } });
    for (const _twice of [1, 2]) expect((await get(api, '/v1/providers')).status).toBe(200);
    const guess = await get(api, '/v1/providers', `${keys.bot}x`);
    expect([guess.status, guess.body.code]).toEqual([503, 'store_unavailable']);
  });
});
