/** JWTs of the host: which are believed, for whom, and every known way to forge one refused (RFC 8725). */

import { generateKeyPair, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import { createCallerAuth } from '../../src/service/caller-auth.js';
import { RevokedCallers } from '../../src/service/revoked-callers.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { bearer, MemoryDocuments, reasonOf } from './caller-support.js';
import {
  audience,
  ec,
  ed,
  goodClaims,
  issuer,
  KeySetServer,
  publicKeys,
  rsaJwk,
  rsaKeyFor,
  sign,
  signShared,
} from './jwt-issuer.js';

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

const oldHmac = 'hmac-secret-hmac-secret-hmac-secret-old';
const newHmac = 'hmac-secret-hmac-secret-hmac-secret-new';
const sharedAuth = () => {
  const secrets = [{ kid: 'new', secret: new Secret(newHmac) }, { secret: new Secret(oldHmac) }];
  return createCallerAuth({ apiKeys: [], jwt: { issuer, audience, secrets }, documents, now: clock.now });
};
const nowSeconds = () => Math.floor(clock.now() / 1000);

describe('JWTs', () => {
  it('makes a person of a JWT without a role: it may touch only its own subject', async () => {
    const [caller, id] = [await remoteAuth()(bearer(await sign(goodClaims(clock.now())))), 'slack:T1:U2'];
    expect(caller).toEqual({ id, credential: 'jwt', role: 'user', tenant: defaultTenant, userId: id });
  });

  it('takes role, tenant and providers from the claims', async () => {
    const claims = { ...goodClaims(clock.now()), sub: 'svc', role: 'bot', tenant: 'acme', providers: ['github'] };
    expect(await remoteAuth()(bearer(await sign(claims)))).toEqual({
      id: 'svc',
      credential: 'jwt',
      role: 'bot',
      tenant: 'acme',
      providers: ['github'],
    });
  });

  it('accepts RS256, PS256, ES256 and EdDSA by a remote key set', async () => {
    const authenticate = remoteAuth();
    const tokens = [
      await sign(goodClaims(clock.now())),
      await sign(goodClaims(clock.now()), { alg: 'PS256', kid: 'ps-1' }, await rsaKeyFor('RSA-PSS', 'SHA-256')),
      await sign(goodClaims(clock.now()), { alg: 'ES256', kid: 'ec-1' }, ec.privateKey),
      await sign(goodClaims(clock.now()), { alg: 'EdDSA', kid: 'ed-1' }, ed.privateKey),
    ];
    for (const token of tokens) expect(await reasonOf(authenticate(bearer(token)))).toBeUndefined();
    expect(keySet.fetches).toBe(1);
  });

  it('accepts the old and the new shared secret during a rotation, by kid or by trying', async () => {
    const authenticate = sharedAuth();
    expect(
      await reasonOf(authenticate(bearer(await signShared(goodClaims(clock.now()), newHmac, 'new')))),
    ).toBeUndefined();
    expect(await reasonOf(authenticate(bearer(await signShared(goodClaims(clock.now()), newHmac))))).toBeUndefined();
    expect(await reasonOf(authenticate(bearer(await signShared(goodClaims(clock.now()), oldHmac))))).toBeUndefined();
    const foreign = await signShared(goodClaims(clock.now()), 'somebody-elses-secret-of-32-bytes-length');
    expect(await reasonOf(authenticate(bearer(foreign)))).toBe('jwt_err_jws_signature_verification_failed');
  });

  it('takes a shared secret by the kid of the JWT: one of another name is not tried, one without a name is', async () => {
    const [one, two, nameless] = ['1', '2', '3'].map((end) => `hmac-secret-hmac-secret-hmac-secret-${end}`);
    const secrets = [
      { kid: 'one', secret: new Secret(one ?? '') },
      { kid: 'two', secret: new Secret(two ?? '') },
      { secret: new Secret(nameless ?? '') },
    ];
    const authenticate = createCallerAuth({
      apiKeys: [],
      jwt: { issuer, audience, secrets },
      documents,
      now: clock.now,
    });
    const reasonFor = async (secret = '', kid?: string) =>
      reasonOf(authenticate(bearer(await signShared(goodClaims(clock.now()), secret, kid))));
    expect([await reasonFor(two, 'two'), await reasonFor(two), await reasonFor(nameless, 'four')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await reasonFor(two, 'one')).toBe('jwt_err_jws_signature_verification_failed');
    expect(await reasonFor(two, 'four')).toBe('jwt_err_jws_signature_verification_failed');
  });

  it.each<[string, (claims: ReturnType<typeof goodClaims>) => Record<string, unknown>, string]>([
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' }), 'jwt_err_jwt_claim_validation_failed'],
    ['another audience', (claims) => ({ ...claims, aud: 'other' }), 'jwt_err_jwt_claim_validation_failed'],
    [
      'an exp that is over',
      (claims) => ({ ...claims, iat: nowSeconds() - 600, exp: nowSeconds() - 31 }),
      'jwt_err_jwt_expired',
    ],
    [
      'an iat in the future',
      (claims) => ({ ...claims, iat: nowSeconds() + 60 }),
      'jwt_err_jwt_claim_validation_failed',
    ],
    ['a sub that is no text', (claims) => ({ ...claims, sub: 7 }), 'jwt_claims'],
    ['a lifetime of more than a day', (claims) => ({ ...claims, exp: nowSeconds() + 86_401 }), 'jwt_lifetime'],
  ])('refuses by a shared secret as well: %s', async (_what, change, reason) => {
    const claims = change(goodClaims(clock.now()));
    for (const secret of [newHmac, oldHmac])
      expect(await reasonOf(sharedAuth()(bearer(await signShared(claims, secret))))).toBe(reason);
  });

  it('takes a lifetime of a day, and an exp that is over for less than the clocks may differ', async () => {
    const iat = nowSeconds();
    for (const times of [
      { iat, exp: iat + 86_400 },
      { iat: iat - 600, exp: iat - 29 },
    ])
      expect(
        await reasonOf(remoteAuth()(bearer(await sign({ ...goodClaims(clock.now()), ...times })))),
      ).toBeUndefined();
  });

  it.each(['JWT', 'at+jwt', 'AT+JWT', 'application/jwt', 'Application/AT+JWT'])(
    'takes typ %s (RFC 9068 2.1)',
    async (typ) => {
      expect(await reasonOf(remoteAuth()(bearer(await sign(goodClaims(clock.now()), { typ }))))).toBeUndefined();
    },
  );

  it('refuses a typ that is no text, and what no key of ours could have signed', async () => {
    const [, claims, signature] = (await sign(goodClaims(clock.now()))).split('.');
    const strange = `${b64({ alg: 'RS256', kid: 'rsa-1', typ: 7 })}.${claims}.${signature}`;
    expect(await reasonOf(remoteAuth()(bearer(strange)))).toBe('jwt_header');
    expect(await reasonOf(sharedAuth()(bearer(await sign(goodClaims(clock.now())))))).toBe('jwt_algorithm');
  });

  it('refuses what was revoked after it was verified: all of a subject, or one by its id', async () => {
    const revoked = new RevokedCallers(documents, clock.now);
    const jwt = { issuer, audience, jwksUrl: keySet.url };
    const authenticate = createCallerAuth({ apiKeys: [], jwt, documents, revoked, now: clock.now });
    const [one, two] = await Promise.all(['j1', 'j2'].map((jti) => sign({ ...goodClaims(clock.now()), jti })));
    for (const token of [one, two]) expect(await reasonOf(authenticate(bearer(token ?? '')))).toBeUndefined();
    await revoked.revoke(defaultTenant, { jti: 'j1' });
    expect(await reasonOf(authenticate(bearer(one ?? '')))).toBe('jwt_revoked');
    expect(await reasonOf(authenticate(bearer(two ?? '')))).toBeUndefined();
    await revoked.revoke(defaultTenant, { subject: 'slack:T1:U2' });
    expect(await reasonOf(authenticate(bearer(two ?? '')))).toBe('jwt_revoked');
  });

  it.each<[string, (claims: ReturnType<typeof goodClaims>) => Record<string, unknown>]>([
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['no issuer', ({ iss: _, ...claims }) => claims],
    ['another audience', (claims) => ({ ...claims, aud: 'other' })],
    ['no audience', ({ aud: _, ...claims }) => claims],
    ['no exp, which jose would accept by itself', ({ exp: _, ...claims }) => claims],
    ['no iat', ({ iat: _, ...claims }) => claims],
    ['no sub', ({ sub: _, ...claims }) => claims],
    ['an empty sub', (claims) => ({ ...claims, sub: '' })],
    ['a sub that is no text', (claims) => ({ ...claims, sub: 7 })],
    ['a sub of 257 characters', (claims) => ({ ...claims, sub: 'x'.repeat(257) })],
    ['a sub with a control character', (claims) => ({ ...claims, sub: 'a\nb' })],
    ['an exp that is over', (claims) => ({ ...claims, iat: nowSeconds() - 600, exp: nowSeconds() - 31 })],
    ['an exp that is text', (claims) => ({ ...claims, exp: '9999999999' })],
    ['an iat in the future', (claims) => ({ ...claims, iat: nowSeconds() + 60 })],
    ['an nbf in the future', (claims) => ({ ...claims, nbf: nowSeconds() + 60 })],
    ['a lifetime of more than a day', (claims) => ({ ...claims, exp: nowSeconds() + 86_401 })],
    ['a role nobody knows', (claims) => ({ ...claims, role: 'root' })],
    ['a tenant that is no tenant', (claims) => ({ ...claims, tenant: '../x' })],
    ['providers that are no list', (claims) => ({ ...claims, role: 'bot', providers: 'github' })],
  ])('refuses %s', async (_what, change) => {
    const token = await sign(change(goodClaims(clock.now())));
    expect(await reasonOf(remoteAuth()(bearer(token)))).toMatch(/^jwt_/);
  });

  it.each<[string, () => Promise<string>]>([
    ['alg none', async () => new UnsecuredJWT(goodClaims(clock.now())).encode()],
    [
      'HS256 with the public RSA key as the secret',
      async () => signShared(goodClaims(clock.now()), JSON.stringify(rsaJwk)),
    ],
    [
      'RS512',
      async () => sign(goodClaims(clock.now()), { alg: 'RS512' }, await rsaKeyFor('RSASSA-PKCS1-v1_5', 'SHA-512')),
    ],
    ['an unknown kid', async () => sign(goodClaims(clock.now()), { kid: 'nobody' })],
    ['the kid of another key', async () => sign(goodClaims(clock.now()), { kid: 'ec-1' })],
    ['a typ for another purpose', async () => sign(goodClaims(clock.now()), { typ: 'logout+jwt' })],
    ['a key that it brings itself (jwk)', async () => sign(goodClaims(clock.now()), { jwk: rsaJwk })],
    ['a key that it points to (jku)', async () => sign(goodClaims(clock.now()), { jku: 'https://evil.example/jwks' })],
    ['a certificate that it points to (x5u)', async () => sign(goodClaims(clock.now()), { x5u: 'https://e.example' })],
    ['a certificate that it brings itself (x5c)', async () => sign(goodClaims(clock.now()), { x5c: ['MII'] })],
    ['a jti of 257 characters', async () => sign({ ...goodClaims(clock.now()), jti: 'x'.repeat(257) })],
    ['a critical extension', async () => `${b64({ alg: 'RS256', kid: 'rsa-1', crit: ['x'], x: 1 })}.e30.AAAA`],
    [
      'a signature of somebody else',
      async () => sign(goodClaims(clock.now()), {}, (await generateKeyPair('RS256')).privateKey),
    ],
    [
      'a changed claim',
      async () => swapClaims(await sign(goodClaims(clock.now())), { ...goodClaims(clock.now()), role: 'admin' }),
    ],
    ['an empty signature', async () => (await sign(goodClaims(clock.now()))).replace(/[^.]+$/, '')],
    ['no JSON inside', async () => 'a.b.c'],
  ])('refuses %s', async (_what, make) => {
    expect(await reasonOf(remoteAuth()(bearer(await make())))).toMatch(/^jwt_/);
  });

  it('refuses a good JWT in another spelling: with padding, behind or before it (RFC 7515 2)', async () => {
    const token = await sign(goodClaims(clock.now()));
    for (const spelling of [`${token}=`, `=${token}`])
      expect(await reasonOf(remoteAuth()(bearer(spelling)))).toBe('credential_unknown');
  });

  it('refuses a good JWT where none is configured', async () => {
    const authenticate = createCallerAuth({ apiKeys: [], documents, now: clock.now });
    expect(await reasonOf(authenticate(bearer(await sign(goodClaims(clock.now())))))).toBe('credential_unknown');
  });
});

const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function swapClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${b64(claims)}.${signature}`;
}
