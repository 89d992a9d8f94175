import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { type ManagerOptions, openManager } from '../../src/open-manager.js';
import { codeChallengeOf, createCodeVerifier } from '../../src/protocol/authorization-request.js';
import { approve } from '../support/browser-walk.js';
import { startRacer } from '../support/racer.js';
import { makePlace, type Place, secrets, storeKinds } from '../support/service.js';
import { openStrictService } from '../support/strict-service.js';
import { type RelayedProvider, startRelayedProvider } from '../support/token-relay.js';

/** Long enough for every caller to have asked before the first answer is there. */
const hold = () => sleep(200);
const callers = 50;
/** Nobody is sent back there: the tokens are fetched by hand. */
const baseUrl = 'http://127.0.0.1:9';
const redirectUri = `${baseUrl}/oauth/strict/callback`;

/** What a manager on that place is opened with, here and in other processes. */
function optionsOn(place: Place, strict: ProviderEntry): ManagerOptions {
  return {
    baseUrl,
    encryptionKeys: secrets.encryptionKeys,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
    redisUrl: place.REDIS_URL,
    keyPrefix: place.KEY_PREFIX,
    dataDir: place.DATA_DIR,
    providers: { strict },
  };
}

/** Gets tokens from the provider by hand and stores them as expired ten seconds ago. */
async function storeExpired(options: ManagerOptions): Promise<void> {
  const manager = await openManager(options);
  const codeVerifier = createCodeVerifier();
  const codeChallenge = await codeChallengeOf(codeVerifier);
  const url = manager.getAuthorizeUrl('strict', 'state', { codeChallenge, redirectUri });
  const back = await approve(url, redirectUri, { person: 'ada' });
  const code = back.searchParams.get('code') ?? '';
  const tokens = await manager.exchangeCode('strict', code, { codeVerifier: codeVerifier.reveal(), redirectUri });
  await manager.storeToken('racer', {
    provider: 'strict',
    accessToken: tokens.accessToken.reveal(),
    refreshToken: tokens.refreshToken?.reveal(),
    expiresAt: Math.floor(Date.now() / 1000) - 10,
    scopes: tokens.scope,
  });
  await manager.close();
}

/** One refresh; everybody has its token; and the family lives on, as it would not after a second one. */
async function expectOneRefresh(strict: RelayedProvider, tokens: readonly (string | undefined)[]): Promise<void> {
  expect(strict.requests('refresh_token')).toHaveLength(1);
  expect(new Set(tokens)).toEqual(new Set([JSON.parse(strict.answers.at(-1) ?? '').access_token]));
  expect(await strict.userinfoStatus(tokens[0] ?? '')).toBe(200);
}

describe.each(storeKinds)('callers of one expired token cost one refresh, on the %s store (R1)', (kind) => {
  it('50 in one process, over HTTP', async () => {
    const place = await makePlace(kind);
    const { bot, strict } = await openStrictService(place, { baseUrl: () => baseUrl, hold });
    await storeExpired(optionsOn(place, strict.entry));
    const answers = await Promise.all(Array.from({ length: callers }, () => bot.token('racer', 'strict')));
    const tokens = answers.map(({ body }) => body.access_token);
    await expectOneRefresh(strict, tokens);
  });

  it('50 in each of three processes', async () => {
    const strict = await startRelayedProvider({ redirectUri, hold });
    const options = optionsOn(await makePlace(kind), strict.entry);
    await storeExpired(options);
    const racers = [1, 2, 3].map(() => startRacer(options, callers));
    await Promise.all(racers.map(({ ready }) => ready));
    const tokens = (await Promise.all(racers.map((racer) => racer.race()))).flat();
    expect(tokens).toHaveLength(3 * callers);
    await expectOneRefresh(strict, tokens);
  });
});
