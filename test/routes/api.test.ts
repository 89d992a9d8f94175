/** The HTTP API for bots over a real manager and store: what each route answers. */

import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { TokenJourneys } from '../../src/token-journeys.js';
import { type ApiUnderTest, bearer, buildApi, keys } from './api-app.js';
import { get, inSeconds, send } from './calls.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await buildApi();
});
afterAll(() => api.close());
afterEach(() => vi.restoreAllMocks());

describe('GET /v1/users/{user}/tokens/{provider}', () => {
  it('answers the stored token, never to be cached', async () => {
    const expiresAt = inSeconds(3600);
    await api.manager.storeToken('t1', {
      provider: 'github',
      accessToken: 'at-1',
      refreshToken: 'rt-canary',
      expiresAt,
      scopes: ['read', 'repo'],
    });
    const { status, body, headers } = await get(api, '/v1/users/t1/tokens/github');
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: 'at-1',
      token_type: expect.stringMatching(/^bearer$/i),
      expires_at: expiresAt,
      scopes: ['read', 'repo'],
      provider: 'github',
      account: null,
      connection_id: expect.any(String),
    });
    expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
  });

  it('reads scopes separated by space and by comma, account and min_ttl', async () => {
    const spy = vi.spyOn(TokenJourneys.prototype, 'requireToken');
    await get(api, '/v1/users/t1/tokens/github?scopes=read%20repo&min_ttl=60');
    await get(api, '/v1/users/t1/tokens/github?scopes=read,repo&account=work');
    await get(api, '/v1/users/t1/tokens/github?scopes=');
    const usedBy = { caller: 'bot' };
    expect(spy.mock.calls.map(([, , options]) => options)).toEqual([
      { tenant: 'default', scopes: ['read', 'repo'], minTtlSeconds: 60, account: undefined, usedBy },
      { tenant: 'default', scopes: ['read', 'repo'], minTtlSeconds: undefined, account: 'work', usedBy },
      { tenant: 'default', scopes: [], minTtlSeconds: undefined, account: undefined, usedBy },
    ]);
  });

  it('answers 409 with a link when there is no connection, the same for a user nobody has heard of', async () => {
    const unknown = await get(api, '/v1/users/nobody/tokens/github');
    expect(unknown.status).toBe(409);
    expect(unknown.body).toMatchObject({
      code: 'not_connected',
      provider: 'github',
      connect_url: expect.stringMatching(/^https:\/\/valetkey\.example\/oauth\/github\?link=/),
      connect_id: expect.any(String),
      who_must_act: 'user',
    });
    const missing = await get(api, '/v1/users/t1/tokens/slack');
    expect(Object.keys(missing.body)).toEqual(Object.keys(unknown.body));
  });

  it('names the missing scopes', async () => {
    const { status, body } = await get(api, '/v1/users/t1/tokens/github?scopes=read,admin:org');
    expect([status, body.code, body.missing_scopes]).toEqual([409, 'insufficient_scope', ['admin:org']]);
  });
});

describe('POST …/refresh', () => {
  it('hands the hash on in lower case and answers a token like GET', async () => {
    const spy = vi.spyOn(TokenJourneys.prototype, 'refreshToken');
    const hash = createHash('sha256').update('not the stored one').digest('hex');
    const { status, body, headers } = await send(api, 'POST', '/v1/users/t1/tokens/github/refresh', {
      payload: {
        rejected_token_sha256: hash.toUpperCase(),
      },
    });
    expect([status, body.access_token]).toEqual([200, 'at-1']);
    expect(headers['cache-control']).toBe('no-store');
    expect(spy.mock.calls[0]?.[2].rejectedTokenSha256).toBe(hash);
  });
});

describe('connects', () => {
  it('starts one with everything the contract allows, and with no body at all', async () => {
    const spy = vi.spyOn(TokenJourneys.prototype, 'startConnect');
    const full = await send(api, 'POST', '/v1/users/c1/connect/github', {
      payload: {
        scopes: ['repo'],
        account: 'work',
        return_to: 'https://app.example/done',
        chat_identity: { platform: 'slack', name: 'Alice' },
        proof: 'chat_code',
        metadata: { thread: '7' },
      },
    });
    expect(full.status).toBe(201);
    expect(full.body).toEqual({
      connect_id: expect.any(String),
      connect_url: expect.stringMatching(/\?link=/),
      expires_at: expect.any(Number),
      proof: 'chat_code',
    });
    expect(full.body.expires_at - inSeconds(600)).toBeLessThanOrEqual(0);
    expect(spy.mock.calls[0]?.[2]).toEqual({
      tenant: 'default',
      scopes: ['repo'],
      account: 'work',
      returnTo: 'https://app.example/done',
      chatIdentity: { platform: 'slack', name: 'Alice' },
      proof: 'chat_code',
      metadata: { thread: '7' },
    });
    expect((await send(api, 'POST', '/v1/users/c1/connect/github')).status).toBe(201);
    const empty = await api.app.inject({
      method: 'POST',
      url: '/v1/users/c1/connect/github',
      headers: { ...bearer(keys.bot), 'content-type': 'application/json' },
    });
    expect(empty.statusCode).toBe(201);
  });

  it('shows where one stands, to its tenant only', async () => {
    const { body } = await send(api, 'POST', '/v1/users/c2/connect/github');
    const url = `/v1/connects/${body.connect_id}`;
    expect(await get(api, url)).toMatchObject({
      status: 200,
      body: { connect_id: body.connect_id, provider: 'github', status: 'pending' },
    });
    expect(await get(api, url, keys.foreign)).toMatchObject({ status: 404, body: { code: 'unknown_connect' } });
  });

  it('waits no longer than asked, and hands the wait on in ms with a signal', async () => {
    const { body } = await send(api, 'POST', '/v1/users/c3/connect/github');
    const spy = vi.spyOn(api.manager, 'findConnect');
    const asked = await get(api, `/v1/connects/${body.connect_id}?wait=1`);
    expect(asked.body.status).toBe('pending');
    expect(spy.mock.calls[0]?.[1]).toMatchObject({ waitMs: 1000, signal: expect.any(AbortSignal) });
  });

  it('refuses a code that nobody was shown', async () => {
    const { status, body } = await send(api, 'POST', '/v1/users/c4/proof', { payload: { code: 'AAAA2222' } });
    expect([403, 410]).toContain(status);
    expect(['code_refused', 'gone']).toContain(body.code);
  });

  it('answers a proof with the connected account', async () => {
    const connected = {
      connectId: 'cn_1',
      connectionId: 'co_1',
      provider: providerIdSchema.parse('github'),
      identity: { id: '7', name: 'octo', email: undefined },
    };
    vi.spyOn(TokenJourneys.prototype, 'submitProof').mockResolvedValue(connected);
    vi.spyOn(TokenJourneys.prototype, 'verifyConnect').mockResolvedValue(connected);
    vi.spyOn(TokenJourneys.prototype, 'findConnect').mockResolvedValue({ ...connected, status: 'awaiting_proof' });
    const expected = {
      status: 'connected',
      connect_id: 'cn_1',
      provider: 'github',
      account: { id: '7', name: 'octo' },
      connection_id: 'co_1',
    };
    expect(await send(api, 'POST', '/v1/users/c5/proof', { payload: { code: 'K7M2XQ4P' } })).toMatchObject({
      status: 200,
      body: expected,
    });
    expect(await send(api, 'POST', '/v1/connects/cn_1/verify', { payload: { user: 'c5' } })).toMatchObject({
      status: 200,
      body: expected,
    });
  });
});

describe('connections', () => {
  it('lists what is connected with exactly the keys of the contract, and no secret', async () => {
    await api.manager.storeToken('l1', { provider: 'github', accessToken: 'at-canary', refreshToken: 'rt-canary' });
    const { status, body } = await get(api, '/v1/users/l1/connections', keys.viewer);
    expect(status).toBe(200);
    expect(body.connections).toEqual([
      {
        connection_id: expect.any(String),
        provider: 'github',
        account: null,
        scopes: expect.any(Array),
        status: 'active',
        expires_at: null,
        has_refresh_token: true,
        connected_at: expect.any(Number),
        last_used_at: null,
      },
    ]);
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  it('disconnects, and does so again without a fuss', async () => {
    await api.manager.storeToken('d1', { provider: 'github', accessToken: 'at' });
    expect(await send(api, 'DELETE', '/v1/users/d1/connections/github')).toMatchObject({
      status: 200,
      body: { revoked: 'unsupported' },
    });
    expect((await get(api, '/v1/users/d1/connections')).body).toEqual({ connections: [] });
    expect((await send(api, 'DELETE', '/v1/users/d1/connections/github')).status).toBe(200);
  });

  it('erases a user and counts', async () => {
    await api.manager.storeToken('e1', { provider: 'github', accessToken: 'at' });
    await api.manager.storeToken('e1', { provider: 'slack', accessToken: 'at' });
    const { status, body } = await send(api, 'DELETE', '/v1/users/e1');
    expect([status, body]).toEqual([200, { connections: 2, revoked: 0, not_revoked: 0, unsupported: 2 }]);
    expect((await get(api, '/v1/users/e1/connections')).body).toEqual({ connections: [] });
  });

  it('makes a link to the account page', async () => {
    const { status, body } = await send(api, 'POST', '/v1/users/a1/account-link');
    expect(status).toBe(201);
    expect(body).toEqual({ url: expect.stringContaining('/connections/enter?link='), expires_at: expect.any(Number) });
  });

  it('lists the providers', async () => {
    const { body } = await get(api, '/v1/providers', keys.viewer);
    expect(body.providers[0]).toEqual({
      id: 'github',
      display_name: 'GITHUB',
      configured: true,
      scopes: ['read'],
      source: 'authorization_code',
    });
    expect(body.providers.map(({ configured }: { configured: boolean }) => configured)).toEqual([true, true, false]);
  });
});
