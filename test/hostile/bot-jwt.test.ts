/** bot_jwt: tokens that a host's issuer would never sign, shown to the API over HTTP (RFC 7519, RFC 8725). */

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedService, asJson, attack, bearer, canary, jwt, openAttacked, shoot } from './attacked-service.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Signs whatever it is given: header and claims as values, or as text that is no JSON. */
function signed(header: unknown, claims: unknown, secret: string = jwt.secret, hash = 'sha256'): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

const seconds = (from = 0) => Math.floor(service.clock.now() / 1000) + from;
const good = () => ({ iss: jwt.issuer, aud: jwt.audience, sub: 'svc', role: 'bot', iat: seconds(), exp: seconds(600) });
const hs = { alg: 'HS256', typ: 'JWT' };
const claims = (change: object) => () => signed(hs, { ...good(), ...change });
const without = (name: string) => () =>
  signed(hs, Object.fromEntries(Object.entries(good()).filter(([key]) => key !== name)));
const header = (change: object) => () => signed({ ...hs, ...change }, good());
const parts = (make: (head: string, body: string, signature: string) => string) => () => {
  const [head = '', body = '', signature = ''] = signed(hs, good()).split('.');
  return make(head, body, signature);
};

/** The right signature, spelt in the other alphabet of RFC 4648; drawn until it shows. */
function inOrdinaryBase64(): string {
  for (let jti = 0; ; jti += 1) {
    const [head, body, signature = ''] = signed(hs, { ...good(), jti }).split('.');
    const spelt = signature.replaceAll('-', '+').replaceAll('_', '/');
    if (spelt !== signature) return `${head}.${body}.${spelt}`;
  }
}

const rows: Record<string, readonly [title: string, make: () => string][]> = {
  algorithm: [
    ['none', () => `${encode({ alg: 'none' })}.${encode(good())}.`],
    ['None', () => `${encode({ alg: 'None' })}.${encode(good())}.`],
    ['none with a signature', header({ alg: 'none' })],
    ['nOnE with a signature', header({ alg: 'nOnE' })],
    ['missing', () => signed({ typ: 'JWT' }, good())],
    ['empty', header({ alg: '' })],
    ['null', header({ alg: null })],
    ['a list', header({ alg: ['HS256'] })],
    ['a number', header({ alg: 256 })],
    ['hs256 in lower case', header({ alg: 'hs256' })],
    ['HS256 with a blank', header({ alg: 'HS256 ' })],
    ['HS384, rightly signed', () => signed({ alg: 'HS384' }, good(), jwt.secret, 'sha384')],
    ['HS512, rightly signed', () => signed({ alg: 'HS512' }, good(), jwt.secret, 'sha512')],
    ['RS256', header({ alg: 'RS256' })],
    [
      'ES256 with zeros (CVE-2022-21449)',
      () => `${encode({ alg: 'ES256' })}.${encode(good())}.${Buffer.alloc(64).toString('base64url')}`,
    ],
    ['EdDSA', header({ alg: 'EdDSA' })],
    ['dir', header({ alg: 'dir', enc: 'A256GCM' })],
    ['__proto__', header({ alg: '__proto__' })],
  ],
  header: [
    ['jwk', header({ jwk: { kty: 'oct', k: encode(jwt.secret) } })],
    ['jku', header({ jku: `http://127.0.0.1:1/${canary}` })],
    ['x5u', header({ x5u: 'https://evil.example/x5u' })],
    ['x5c', header({ x5c: ['MIIB'] })],
    ['jku of null', header({ jku: null })],
    ['a critical extension', header({ crit: ['exp'], exp: 1 })],
    ['an empty crit', header({ crit: [] })],
    ['crit that is text', header({ crit: 'exp' })],
    ['b64 false (RFC 7797)', header({ b64: false, crit: ['b64'] })],
    ['typ of a logout token', header({ typ: 'logout+jwt' })],
    ['typ of an ID token for MCP', header({ typ: 'oauth-id-jag+jwt' })],
    ['typ of DPoP', header({ typ: 'dpop+jwt' })],
    ['typ that is a list', header({ typ: ['JWT'] })],
    ['no JSON', () => signed(canary, good())],
    ['a list', () => signed(['HS256'], good())],
    ['null', () => signed(null, good())],
    ['alg twice', () => signed('{"alg":"none","alg":"HS256","jku":"x"}', good())],
  ],
  time: [
    ['no exp', without('exp')],
    ['no iat', without('iat')],
    ['exp over by 31 s', () => claims({ iat: seconds(-600), exp: seconds(-31) })()],
    ['exp of 0', claims({ exp: 0 })],
    ['a negative exp', claims({ exp: -1 })],
    ['exp as text', () => claims({ exp: String(seconds(600)) })()],
    ['exp as null', claims({ exp: null })],
    ['exp as true', claims({ exp: true })],
    ['exp of 1e308', claims({ exp: 1e308 })],
    ['exp in ms', () => claims({ exp: seconds(600) * 1000 })()],
    ['iat in a minute', () => claims({ iat: seconds(60) })()],
    ['iat as text', () => claims({ iat: String(seconds()) })()],
    ['iat of two days ago', () => claims({ iat: seconds(-172_800) })()],
    ['nbf in a minute', () => claims({ nbf: seconds(60) })()],
    ['nbf as text', claims({ nbf: 'now' })],
    ['a lifetime of a day and a second', () => claims({ exp: seconds(86_401) })()],
  ],
  claims: [
    ['no sub', without('sub')],
    ['an empty sub', claims({ sub: '' })],
    ['sub as a number', claims({ sub: 1 })],
    ['sub as a list', claims({ sub: ['svc'] })],
    ['sub with a line break', claims({ sub: `a\n${canary}` })],
    ['sub of 257 characters', claims({ sub: 'x'.repeat(257) })],
    ['sub with half a surrogate pair', claims({ sub: '\ud800' })],
    ['no iss', without('iss')],
    ['another iss', claims({ iss: 'https://evil.example' })],
    ['iss with a slash at the end', claims({ iss: `${jwt.issuer}/` })],
    ['iss in upper case', claims({ iss: jwt.issuer.toUpperCase() })],
    ['iss as a list', claims({ iss: [jwt.issuer] })],
    ['no aud', without('aud')],
    ['another aud', claims({ aud: 'other' })],
    ['aud in upper case', claims({ aud: 'VALETKEY' })],
    ['an empty list of aud', claims({ aud: [] })],
    ['aud with a blank', claims({ aud: 'valetkey ' })],
    ['an unknown role', claims({ role: 'root' })],
    ['role in upper case', claims({ role: 'ADMIN' })],
    ['role as a list', claims({ role: ['bot', 'admin'] })],
    ['role as null', claims({ role: null })],
    ['role of __proto__', claims({ role: '__proto__' })],
    ['tenant that is a path', claims({ tenant: '../default' })],
    ['an empty tenant', claims({ tenant: '' })],
    ['tenant as a list', claims({ tenant: ['default'] })],
    ['tenant with a colon', claims({ tenant: 'a:b' })],
    ['providers as text', claims({ providers: 'scripted' })],
    ['providers with a path', claims({ providers: ['../x'] })],
    ['providers as null', claims({ providers: null })],
    ['claims that are a list', () => signed(hs, [good()])],
    ['claims that are text', () => signed(hs, '"svc"')],
    ['claims that are no JSON', () => signed(hs, `{${canary}`)],
    ['empty claims', () => signed(hs, {})],
  ],
  signature: [
    ['missing', parts((head, body) => `${head}.${body}`)],
    ['empty', parts((head, body) => `${head}.${body}.`)],
    ['cut short', parts((head, body, signature) => `${head}.${body}.${signature.slice(0, -4)}`)],
    ['of another secret', () => signed(hs, good(), `${jwt.secret}x`)],
    ['of an empty secret', () => signed(hs, good(), '')],
    ['of the issuer as the secret', () => signed(hs, good(), jwt.issuer)],
    [
      'of other claims',
      parts((head, _body, signature) => `${head}.${encode({ ...good(), role: 'admin' })}.${signature}`),
    ],
    ['of another header', parts((_head, body, signature) => `${encode({ alg: 'HS256' })}.${body}.${signature}`)],
    ['in four parts', parts((head, body, signature) => `${head}.${body}.${signature}.${signature}`)],
    ['in five parts (JWE)', parts((head, body, signature) => `${head}..${body}.${signature}.${signature}`)],
    ['with padding', parts((head, body, signature) => `${head}.${body}.${signature}=`)],
    ['in ordinary base64', inOrdinaryBase64],
    ['before the claims', parts((head, body, signature) => `${head}.${signature}.${body}`)],
    [
      'as JSON serialization',
      parts((head, body, signature) => JSON.stringify({ payload: body, protected: head, signature })),
    ],
    ['of nothing at all', () => '..'],
    ['of 8 KiB of dots', () => '.'.repeat(8000)],
    ['behind a huge claim', claims({ padding: 'x'.repeat(7000) })],
  ],
};

const table = Object.entries(rows).flatMap(([family, list]) =>
  list.map(([title, make]) => ({ title: `${family}: ${title}`, make })),
);
/** Big but honest: what it is refused for is its size. */
const tooLong = 'signature: behind a huge claim';

let addresses = 0;
const fromSomewhere = (credential: string) => {
  addresses += 1;
  return { ...bearer(credential), 'x-forwarded-for': `203.0.113.${addresses}` };
};

describe('a JWT that nobody should believe (A1)', () => {
  expectRows('bot_jwt', table);

  it.each(table)('is refused: $title', async ({ title, make }) => {
    const credential = make();
    const marks = [canary, jwt.secret, credential.slice(0, 80)].filter((mark) => mark.length > 5);
    const shot = { path: '/v1/users/svc/tokens/scripted', headers: fromSomewhere(credential) };
    if (title === tooLong) expect(credential.length).toBeGreaterThan(8192);
    await attack(service, shot, { status: 401, code: 'unauthorized', marks });
  });

  it('and one that is good is believed, also for what it may not do', async () => {
    const token = signed(hs, good());
    expect((await shoot(service, { path: '/v1/providers', headers: bearer(token) })).status).toBe(200);
    await attack(service, { path: '/v1/audit', headers: bearer(token) }, { status: 403, code: 'forbidden' });
  });
});

describe('a JWT of a person', () => {
  const person = (more: object = {}) => signed(hs, { ...good(), sub: 'm1', role: 'user', ...more });

  it.each([
    'm2',
    'M1',
    'm1%20',
    '%20m1',
    'm1%2f',
    'm1%2e',
    'm%31x',
    '%ef%bd%8d1',
    'm1%e2%80%8b',
    '__proto__',
    '*',
    'm1:x',
  ])('does not reach the records of "%s"', async (user) => {
    const headers = { ...bearer(person()), ...asJson };
    const expected = { status: 403, code: 'forbidden' };
    await attack(service, { path: `/v1/users/${user}/tokens/scripted`, headers }, expected);
    await attack(service, { path: `/v1/users/${user}/connections`, headers }, expected);
    await attack(service, { method: 'DELETE', path: `/v1/users/${user}/connections/scripted`, headers }, expected);
    await attack(
      service,
      { method: 'POST', path: `/v1/users/${user}/connect/scripted`, headers, body: '{}' },
      expected,
    );
    await attack(
      service,
      { method: 'POST', path: `/v1/users/${user}/proof`, headers, body: '{"code":"AAAA2222"}' },
      expected,
    );
  });

  it('reaches its own, and only in its own tenant', async () => {
    await service.manager.storeToken('m1', { provider: 'scripted', accessToken: 'at-of-m1' });
    const path = '/v1/users/m1/tokens/scripted';
    expect((await shoot(service, { path, headers: bearer(person()) })).status).toBe(200);
    await attack(
      service,
      { path, headers: bearer(person({ tenant: 'other' })) },
      { status: 409, code: 'not_connected' },
    );
  });
});
