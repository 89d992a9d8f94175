/** Callers that say again and again that a token was rejected. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AttackedService, asJson, bearer, keys, openAttacked, shoot } from './attacked-service.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

it('a flood of forced refreshes costs the provider one refresh at most (A5)', async () => {
  const { access_token, refresh_token } = service.tokens.grant();
  const expiresAt = service.clock.now() / 1000 + 3600;
  const token = { provider: 'scripted', accessToken: access_token, refreshToken: refresh_token, expiresAt };
  await service.manager.storeToken('flooded', token);
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const refresh = (rejected: string) =>
    shoot(service, {
      method: 'POST',
      path: '/v1/users/flooded/tokens/scripted/refresh',
      headers: { ...bearer(keys.bot), ...asJson },
      body: JSON.stringify({ rejected_token_sha256: digest(rejected) }),
    });
  const wrong = await Promise.all(Array.from({ length: 100 }, (_, at) => refresh(`guess ${at}`)));
  expect(service.tokens.refreshCount()).toBe(0);
  const right = await Promise.all(Array.from({ length: 100 }, () => refresh(access_token)));
  expect(service.tokens.refreshCount()).toBe(1);
  expect(new Set([...wrong, ...right].map(({ status }) => status))).toEqual(new Set([200]));
});
