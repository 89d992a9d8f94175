/** User ids in paths: any text of 256 characters is one segment, decoded once. */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiUnderTest, buildApi } from './api-app.js';
import { get } from './calls.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await buildApi();
});
afterAll(() => api.close());
afterEach(() => vi.restoreAllMocks());

describe('user ids in paths', () => {
  it.each([
    ['slack:T1:U2', 'slack:T1:U2'],
    ['slack%3AT1%3AU2', 'slack:T1:U2'],
    ['a@example.org', 'a@example.org'],
    ['a%2Fb', 'a/b'],
    ['a%2fb%2Fc', 'a/b/c'],
    ['a%252Fb', 'a%2Fb'],
    ['100%25', '100%'],
    ['%25zz', '%zz'],
    ['a%3Fb%23c', 'a?b#c'],
    ['a+b', 'a+b'],
    ['a%20b', 'a b'],
    ['%F0%9F%98%80'.repeat(256), '😀'.repeat(256)],
    ['%C3%A9', 'é'],
    ['e%CC%81', 'e\u0301'],
    ['__proto__', '__proto__'],
    ['*', '*'],
    [':user', ':user'],
    ['%5Cn', '\\n'],
  ])('reads %s as one segment, decoded once', async (encoded, user) => {
    const spy = vi.spyOn(api.manager, 'listUserConnections');
    expect((await get(api, `/v1/users/${encoded}/connections`)).status).toBe(200);
    expect(spy.mock.calls[0]?.[0]).toBe(user);
  });

  it.each([
    ['/v1/users/%ff/tokens/github', 'user'],
    ['/v1/users/u/tokens/%C3%28', 'provider'],
    ['/v1/connects/%zz', 'connect_id'],
  ])('says which part of %s is not UTF-8', async (path, field) => {
    expect((await get(api, path)).body).toMatchObject({ status: 400, code: 'invalid_request', field });
  });

  it('keeps users apart whose ids differ only in normal form or delimiters', async () => {
    await api.manager.storeToken('a/b', { provider: 'github', accessToken: 'of a/b' });
    expect((await get(api, '/v1/users/a%2Fb/tokens/github')).body.access_token).toBe('of a/b');
    expect((await get(api, '/v1/users/a%252Fb/tokens/github')).status).toBe(409);
  });
});
