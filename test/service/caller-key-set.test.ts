/** The remote key set behind JWTs: fetched rarely, outlived when its host is away. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeyUnavailable } from '../../src/core/errors.js';
import { createCallerAuth } from '../../src/service/caller-auth.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { bearer, MemoryDocuments, reasonOf } from './caller-support.js';
import { audience, goodClaims, issuer, KeySetServer, publicKeys, rsa, rsaJwk, rsaKeyFor, sign } from './jwt-issuer.js';

let clock: ManualClock;
let documents: MemoryDocuments;
let keySet: KeySetServer;
/** What the key set holds; a key that is added is served from then on. */
let keys: JWK[];

beforeEach(async () => {
  clock = createManualClock(Date.now());
  documents = new MemoryDocuments();
  keys = await publicKeys();
  keySet = new KeySetServer(keys);
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

  it('verifies a signature once in five minutes, and again from the moment the JWT has ended', async () => {
    const verified = vi.spyOn(crypto.subtle, 'verify');
    const authenticate = remoteAuth();
    const long = await sign(goodClaims(clock.now()));
    const short = await sign({ ...goodClaims(clock.now()), exp: nowSeconds() + 60 });
    const showBoth = async () => {
      verified.mockClear();
      for (const token of [long, short]) expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
      return verified.mock.calls.length;
    };
    const endsAt = (nowSeconds() + 60) * 1000;
    const startedAt = clock.now();
    expect(await showBoth()).toBe(2);
    clock.advance(endsAt - 1 - clock.now());
    expect(await showBoth()).toBe(0);
    clock.advance(1);
    expect(await showBoth()).toBe(1);
    clock.advance(startedAt + 299_999 - clock.now());
    verified.mockClear();
    await authenticate(bearer(long));
    expect(verified).not.toHaveBeenCalled();
    clock.advance(1);
    await authenticate(bearer(long));
    expect(verified).toHaveBeenCalledTimes(1);
    verified.mockRestore();
  });

  it('with several keys that fit a JWT without a kid is tried with all of them (RFC 7515 appendix D)', async () => {
    const [second, stranger] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
    keys.push({ ...(await exportJWK(second.publicKey)), kid: 'rsa-2', alg: 'RS256' });
    const reasonFor = async (key?: CryptoKey) =>
      reasonOf(remoteAuth()(bearer(await sign(goodClaims(clock.now()), { kid: undefined }, key))));
    expect([await reasonFor(), await reasonFor(second.privateKey)]).toEqual([undefined, undefined]);
    expect(await reasonFor(stranger.privateKey)).toBe('jwt_err_jws_signature_verification_failed');
  });

  it('has keys that say no algorithm, and those are good for the algorithms that we take alone (A1)', async () => {
    keys.push({ ...rsaJwk, kid: 'rsa-any' });
    const reasonFor = async (alg: string, key: CryptoKey) =>
      reasonOf(remoteAuth()(bearer(await sign(goodClaims(clock.now()), { alg, kid: 'rsa-any' }, key))));
    expect(await reasonFor('RS256', rsa.privateKey)).toBeUndefined();
    for (const bits of [384, 512]) {
      const keyFor = (name: 'RSA-PSS' | 'RSASSA-PKCS1-v1_5') => rsaKeyFor(name, `SHA-${bits}`);
      expect(await reasonFor(`RS${bits}`, await keyFor('RSASSA-PKCS1-v1_5'))).toBe('jwt_err_jose_alg_not_allowed');
      expect(await reasonFor(`PS${bits}`, await keyFor('RSA-PSS'))).toBe('jwt_err_jose_alg_not_allowed');
    }
  });

  it('is asked for a new key although somebody has come with a kid that nobody knows', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: clock.now() });
    try {
      const authenticate = remoteAuth();
      const unknown = await sign(goodClaims(clock.now()), { kid: 'nobody' });
      expect(await reasonOf(authenticate(bearer(unknown)))).toBe('jwt_err_jwks_no_matching_key');
      const next = await generateKeyPair('RS256');
      keys.push({ ...(await exportJWK(next.publicKey)), kid: 'rsa-2', alg: 'RS256' });
      // The key set itself is fetched at most every 30 s.
      vi.advanceTimersByTime(31_000);
      const token = await sign(goodClaims(clock.now()), { kid: 'rsa-2' }, next.privateKey);
      expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
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

  it('lets nobody wait for a host that is silent, once it is known to be', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: clock.now() });
    const silent = createServer();
    try {
      const authenticate = remoteAuth();
      const attempt = async () => reasonOf(authenticate(bearer(await sign(goodClaims(clock.now())))));
      expect(await attempt()).toBeUndefined();
      await keySet.stop();
      let asked = 0;
      silent.on('connection', () => {
        asked += 1;
      });
      vi.advanceTimersByTime(601_000);
      clock.advance(601_000);
      // It is found to be away, and looked for again after a while: by a host that accepts and says nothing.
      expect(await attempt()).toBeUndefined();
      silent.listen(Number(new URL(keySet.url).port), '127.0.0.1');
      await once(silent, 'listening');
      clock.advance(5000);
      const startedAt = performance.now();
      expect(await attempt()).toBeUndefined();
      expect(performance.now() - startedAt).toBeLessThan(4000);
      await vi.waitUntil(() => asked === 1);
    } finally {
      vi.useRealTimers();
      silent.close();
    }
  });

  it('says key_unavailable to whom a key has signed that was made while the host is away, until it is back', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: clock.now() });
    try {
      const authenticate = remoteAuth();
      expect(await reasonOf(authenticate(bearer(await sign(goodClaims(clock.now())))))).toBeUndefined();
      await keySet.stop();
      const next = await generateKeyPair('RS256');
      keys.push({ ...(await exportJWK(next.publicKey)), kid: 'rsa-2', alg: 'RS256' });
      vi.advanceTimersByTime(31_000);
      const token = await sign(goodClaims(clock.now()), { kid: 'rsa-2' }, next.privateKey);
      const refusal = { code: 'key_unavailable', keyId: 'API_JWT_JWKS_URL' };
      await expect(authenticate(bearer(token))).rejects.toMatchObject(refusal);
      await expect(authenticate(bearer(token))).rejects.toMatchObject(refusal);
      await keySet.start();
      clock.advance(5000);
      const both = [authenticate(bearer(token)), authenticate(bearer(token))];
      expect(await Promise.all(both.map(reasonOf))).toEqual([undefined, undefined]);
      const unknown = await sign(goodClaims(clock.now()), { kid: 'nobody' });
      expect(await reasonOf(authenticate(bearer(unknown)))).toBe('jwt_err_jwks_no_matching_key');
    } finally {
      vi.useRealTimers();
    }
  });

  it('answers key_unavailable, not unauthorized, while there are no keys at all; and heals', async () => {
    await keySet.stop();
    const authenticate = remoteAuth();
    const token = await sign(goodClaims(clock.now()));
    const unavailable = () => expect(authenticate(bearer(token))).rejects.toMatchObject({ keyId: 'API_JWT_JWKS_URL' });
    const words = 'The key set at API_JWT_JWKS_URL is not available.';
    await expect(authenticate(bearer(token))).rejects.toThrow(words);
    await expect(authenticate(bearer(token))).rejects.toBeInstanceOf(KeyUnavailable);
    await keySet.start();
    clock.advance(4999);
    await unavailable();
    expect(keySet.fetches).toBe(0);
    clock.advance(1);
    expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
  });

  it('is looked for no later where the clock of the machine is set back meanwhile', async () => {
    await keySet.stop();
    const authenticate = remoteAuth();
    const token = await sign(goodClaims(clock.now() - 60_000));
    await expect(authenticate(bearer(token))).rejects.toBeInstanceOf(KeyUnavailable);
    await keySet.start();
    clock.advance(-60_000);
    expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
  });
});
