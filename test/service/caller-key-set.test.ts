/** The remote key set behind JWTs: fetched rarely, outlived when its host is away. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeyUnavailable } from '../../src/core/errors.js';
import { createCallerAuth } from '../../src/service/caller-auth.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { bearer, MemoryDocuments, reasonOf } from './caller-support.js';
import { audience, goodClaims, issuer, KeySetServer, publicKeys, sign } from './jwt-issuer.js';

let clock: ManualClock;
let documents: MemoryDocuments;
let keySet: KeySetServer;

beforeEach(async () => {
  clock = createManualClock(Date.now());
  documents = new MemoryDocuments();
  keySet = new KeySetServer(await publicKeys());
  await keySet.start();
});
afterEach(() => keySet.stop());

const remoteAuth = () =>
  createCallerAuth({ apiKeys: [], jwt: { issuer, audience, jwksUrl: keySet.url }, documents, now: clock.now });

const nowSeconds = () => Math.floor(clock.now() / 1000);

describe('a remote key set', () => {
  it('remembers a verified JWT, but not beyond its exp', async () => {
    const authenticate = remoteAuth();
    const token = await sign({ ...goodClaims(clock.now()), exp: nowSeconds() + 60 });
    expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
    await keySet.stop();
    clock.advance(59_000);
    expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
    clock.advance(32_000);
    expect(await reasonOf(authenticate(bearer(token)))).toMatch(/^jwt_/);
  });

  it('fetches the key set once however many unknown kids come (cool-down)', async () => {
    const authenticate = remoteAuth();
    const flood = Array.from({ length: 40 }, (_, at) => sign(goodClaims(clock.now()), { kid: `k${at}` }));
    const reasons = await Promise.all((await Promise.all(flood)).map((token) => reasonOf(authenticate(bearer(token)))));
    expect(new Set(reasons)).toEqual(new Set(['jwt_err_jwks_no_matching_key']));
    expect(keySet.fetches).toBe(1);
  });

  it('goes on with the keys it has while the host of the key set is away', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: clock.now() });
    try {
      const authenticate = remoteAuth();
      expect(await reasonOf(authenticate(bearer(await sign(goodClaims(clock.now())))))).toBeUndefined();
      await keySet.stop();
      // Past the age at which jose fetches again.
      vi.advanceTimersByTime(601_000);
      clock.advance(601_000);
      expect(await reasonOf(authenticate(bearer(await sign(goodClaims(clock.now())))))).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  it('answers key_unavailable, not unauthorized, while there are no keys at all; and heals', async () => {
    await keySet.stop();
    const authenticate = remoteAuth();
    const token = await sign(goodClaims(clock.now()));
    await expect(authenticate(bearer(token))).rejects.toBeInstanceOf(KeyUnavailable);
    await keySet.start();
    clock.advance(5001);
    expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
  });
});
