import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiUnderTest, bearer, buildApi, keys } from './api-app.js';

let api: ApiUnderTest;
beforeEach(async () => {
  api = await buildApi();
  await api.manager.storeToken('u1', { provider: 'github', accessToken: 'made by hand' });
});
afterEach(() => api.close());

const fetchToken = (key: keyof typeof keys, purpose?: string) =>
  api.app.inject({
    url: '/v1/users/u1/tokens/github',
    headers: { ...bearer(keys[key]), ...(purpose === undefined ? {} : { 'x-purpose': purpose }) },
  });

async function readUsage(key: keyof typeof keys = 'viewer', user = 'u1') {
  const answer = await api.app.inject({
    url: `/v1/users/${user}/connections/github/usage`,
    headers: bearer(keys[key]),
  });
  return answer.json().usage;
}

describe('the usage of a connection', () => {
  it('names who fetched the token and what for, newest first', async () => {
    await fetchToken('bot', ' list issues ');
    await fetchToken('admin');
    const at = expect.any(Number);
    await expect
      .poll(() => readUsage())
      .toEqual([
        { at, caller: 'admin', name: null, purpose: null },
        { at, caller: 'bot', name: null, purpose: 'list issues' },
      ]);
    expect((await readUsage())[0].at).toBeGreaterThan(1_700_000_000);
  });

  it('notes the same caller with the same purpose once a minute, and keeps the last fifty', async () => {
    for (let index = 0; index < 60; index += 1) await fetchToken('bot', `task ${index % 55}`);
    const purposes = async () => (await readUsage()).map(({ purpose }: { purpose: string }) => purpose);
    await expect.poll(async () => (await purposes())[0], { timeout: 10_000 }).toBe('task 54');
    expect(await purposes()).toEqual(Array.from({ length: 50 }, (_, index) => `task ${54 - index}`));
  });

  it('notes a refresh as well', async () => {
    const rejected = createHash('sha256').update('another').digest('hex');
    await api.app.inject({
      method: 'POST',
      url: '/v1/users/u1/tokens/github/refresh',
      headers: { ...bearer(keys.bot), 'x-purpose': 'again' },
      payload: { rejected_token_sha256: rejected },
    });
    await expect.poll(() => readUsage(), { timeout: 10_000 }).toMatchObject([{ purpose: 'again' }]);
  });

  it('is of its tenant and its user only, and ends with the connection', async () => {
    await fetchToken('bot', 'x');
    await expect.poll(() => readUsage(), { timeout: 10_000 }).toHaveLength(1);
    expect(await readUsage('foreign')).toEqual([]);
    expect(await readUsage('bot', 'u2')).toEqual([]);
    await api.manager.deleteToken('u1', 'github');
    await api.manager.storeToken('u1', { provider: 'github', accessToken: 'made by hand again' });
    expect(await readUsage()).toEqual([]);
  });

  it('refuses a purpose that is no short text, by the name of the header', async () => {
    expect((await fetchToken('bot', 'x'.repeat(201))).json()).toMatchObject({ status: 400, field: 'x-purpose' });
    await expect(
      api.manager.requireToken('u1', 'github', { usedBy: { caller: 'host', purpose: 'a\nb' } }),
    ).rejects.toMatchObject({ code: 'invalid_request', field: 'purpose' });
  });

  it('is that of the account that the query names', async () => {
    await api.manager.storeToken('u1', { provider: 'github', account: 'work', accessToken: 'another' });
    await fetchToken('bot', 'the other one');
    const url = '/v1/users/u1/connections/github/usage';
    const usesOf = async (account: string) =>
      (await api.app.inject({ url: `${url}?account=${account}`, headers: bearer(keys.viewer) })).json().usage.length;
    expect([await usesOf('work'), await usesOf('default')]).toEqual([0, 1]);
  });

  it('does not keep anybody from a token while it cannot be written', async () => {
    const { expiring } = api.store;
    expiring.save = () => Promise.reject(new Error('away'));
    expect((await fetchToken('bot', 'x')).statusCode).toBe(200);
    expect(await readUsage()).toEqual([]);
  });
});
