import { expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.js';
import type { TokenSet } from '../../src/core/token-set.js';
import { refreshTokens } from '../../src/protocol/token-endpoint.js';
import { createManualClock } from './clock.js';
import { registeredProvider } from './registered-provider.js';
import { entryAt } from './scripted-server.js';
import { scriptedStage } from './scripted-stage.js';
import { scriptTokens } from './scripted-tokens.js';

const clock = createManualClock();
const { server, http } = await scriptedStage({ now: clock.now });

const refresh = async (refreshToken: string) => {
  const current: TokenSet = {
    accessToken: new Secret('at'),
    refreshToken: new Secret(refreshToken),
    tokenType: 'Bearer',
    obtainedAt: clock.now(),
    scope: [],
  };
  return (
    await refreshTokens(registeredProvider('scripted', entryAt(server.url)), current, http)
  ).refreshToken?.reveal();
};
const refused = { code: 'grant_refused' };

test('strict rotation ends the family on reuse', async () => {
  const tokens = scriptTokens(server, { rotation: 'strict', now: clock.now });
  const first = tokens.grant();
  const second = (await refresh(first.refresh_token)) ?? '';
  expect(second).not.toBe(first.refresh_token);
  expect(tokens.isLive(first.access_token)).toBe(false);
  await expect(refresh(first.refresh_token)).rejects.toMatchObject(refused);
  await expect(refresh(second)).rejects.toMatchObject(refused);
  expect(tokens.refreshCount()).toBe(3);
});

test('rotation with grace honours an old token for a while, and no family dies of it', async () => {
  const tokens = scriptTokens(server, { rotation: 'grace', graceMs: 1_000, now: clock.now });
  const first = tokens.grant().refresh_token;
  await refresh(first);
  const latest = (await refresh(first)) ?? '';
  clock.advance(2_000);
  await expect(refresh(first)).rejects.toMatchObject(refused);
  await expect(refresh(latest)).resolves.toBeDefined();
});

test('without rotation the token stays good and is not sent again, until the grant is ended', async () => {
  const tokens = scriptTokens(server, { rotation: 'none' });
  const { refresh_token } = tokens.grant();
  expect(await refresh(refresh_token)).toBeUndefined();
  expect(await refresh(refresh_token)).toBeUndefined();
  tokens.end(refresh_token);
  await expect(refresh(refresh_token)).rejects.toMatchObject(refused);
});
