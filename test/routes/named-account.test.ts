/** Whoever has several accounts at one provider names one in the query. */

import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { TokenJourneys } from '../../src/token-journeys.js';
import { type ApiUnderTest, buildApi } from './api-app.js';
import { get, send } from './calls.js';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await buildApi();
  for (const user of ['u1', 'u2']) {
    for (const account of ['default', 'work', 'home'])
      await api.manager.storeToken(user, { provider: 'github', account, accessToken: `at-${account}` });
  }
});
afterAll(() => api.close());

it('a refresh is of that account', async () => {
  const payload = { rejected_token_sha256: 'a'.repeat(64) };
  const { body } = await send(api, 'POST', '/v1/users/u1/tokens/github/refresh?account=work', { payload });
  expect(body.access_token).toBe('at-work');
});

it('a disconnect ends that account, and tells what ended with it', async () => {
  await send(api, 'DELETE', '/v1/users/u2/connections/github?account=work');
  const left = (await get(api, '/v1/users/u2/connections')).body.connections;
  expect(left.map((one: { account_label?: string }) => one.account_label)).toEqual([undefined, 'home']);
  vi.spyOn(TokenJourneys.prototype, 'deleteToken').mockResolvedValueOnce({ revoked: 'yes', alsoEnded: ['home'] });
  const { body } = await send(api, 'DELETE', '/v1/users/u2/connections/github');
  expect(body).toEqual({ revoked: 'yes', also_ended: ['home'] });
});
