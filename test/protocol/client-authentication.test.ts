import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import type { ClientAuthenticationMethod, Provider } from '../../src/core/provider.js';
import { Secret } from '../../src/core/secret.js';
import { clientAuthenticationOf } from '../../src/protocol/client-authentication.js';
import { registeredProvider } from '../support/registered-provider.js';

const now = () => Date.now();
const plain = registeredProvider('own', {
  client_id: 'client-id:with colon',
  authorization_endpoint: 'https://as.example.com/authorize',
  token_endpoint: 'https://as.example.com/token',
});
const secret = 'p:a%s+s wörd~-_.*';

async function authenticate(method: ClientAuthenticationMethod, overrides: Partial<Provider> = {}) {
  const provider: Provider = { ...plain, clientAuthentication: method, ...overrides };
  const body = new URLSearchParams();
  const headers = new Headers();
  const server = { issuer: 'https://as.example.com' };
  await clientAuthenticationOf(provider, now)(server, { client_id: provider.clientId }, body, headers);
  return { body: Object.fromEntries(body), authorization: headers.get('authorization') };
}

const withSecret = { clientSecret: new Secret(secret) };
const decodeBasic = (header: string | null) =>
  Buffer.from(header?.replace('Basic ', '') ?? '', 'base64').toString('utf8');

describe('client_secret_basic', () => {
  test('form-encodes id and secret before base64, so that a server that decodes reads them (RFC 6749 2.3.1)', async () => {
    const { authorization, body } = await authenticate('client_secret_basic', withSecret);
    const [id = '', password = ''] = decodeBasic(authorization).split(':');
    const decode = (text: string) => new URLSearchParams(`x=${text}`).get('x');
    expect([decode(id), decode(password)]).toEqual(['client-id:with colon', secret]);
    expect(body).toEqual({});
  });

  test('leaves the letters of usual secrets alone, for servers that do not decode', async () => {
    const usual = { clientId: '12.34', clientSecret: new Secret('a-b_c.d') };
    expect(decodeBasic((await authenticate('client_secret_basic', usual)).authorization)).toBe('12.34:a-b_c.d');
  });

  test('raw sends them as they are, in UTF-8 (RFC 7617)', async () => {
    const raw = { clientId: 'id', clientSecret: new Secret('a+b %ä') };
    expect(decodeBasic((await authenticate('client_secret_basic_raw', raw)).authorization)).toBe('id:a+b %ä');
  });
});

test('client_secret_as_username sends the secret as the user, with an empty password', async () => {
  const { authorization } = await authenticate('client_secret_as_username', { clientSecret: new Secret('sk_test_1') });
  expect(decodeBasic(authorization)).toBe('sk_test_1:');
});

test('client_secret_post puts both in the body', async () => {
  const { authorization, body } = await authenticate('client_secret_post', withSecret);
  expect(body).toEqual({ client_id: 'client-id:with colon', client_secret: secret });
  expect(authorization).toBeNull();
});

test.each<ClientAuthenticationMethod>(['none', 'client_secret_post', 'client_secret_basic'])(
  'without a secret, %s names the client and nothing else (S0-05)',
  async (method) => {
    const { authorization, body } = await authenticate(method);
    expect(body).toEqual({ client_id: 'client-id:with colon' });
    expect(authorization).toBeNull();
  },
);

describe('signed by our key', () => {
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  const pem = (pair: (typeof pairs)['RS256']) =>
    new Secret(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());

  test.each(Object.entries(pairs))(
    'private_key_jwt with a key for %s names one audience, the issuer (threats C5, RFC 7523 3)',
    async (alg, pair) => {
      const overrides = { issuer: 'https://issuer.example.com', clientKey: { privateKey: pem(pair), keyId: 'k1' } };
      const { body } = await authenticate('private_key_jwt', overrides);
      const { payload, protectedHeader } = await jwtVerify(body.client_assertion ?? '', pair.publicKey);
      expect(protectedHeader).toMatchObject({ alg, kid: 'k1', typ: 'JWT' });
      expect(payload.aud).toBe('https://issuer.example.com');
      expect([payload.iss, payload.sub]).toEqual(['client-id:with colon', 'client-id:with colon']);
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
      expect(body.client_assertion_type).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      expect(body).not.toHaveProperty('client_secret');
    },
  );

  test('the audience is the token endpoint where no issuer is known, and no assertion is used twice', async () => {
    const overrides = { clientKey: { privateKey: pem(pairs.RS256) } };
    const assertions = await Promise.all([1, 2].map(() => authenticate('private_key_jwt', overrides)));
    const read = assertions.map(({ body }) => jwtVerify(body.client_assertion ?? '', pairs.RS256.publicKey));
    const [first, second] = await Promise.all(read);
    expect(first?.payload.aud).toBe('https://as.example.com/token');
    expect(first?.payload.jti).not.toBe(second?.payload.jti);
  });

  test('a certificate’s thumbprint goes under the name of its digest (RFC 7515 4.1.7, 4.1.8)', async () => {
    const header = async (thumbprint: string) => {
      const clientKey = { privateKey: pem(pairs.RS256), thumbprint };
      return decodeProtectedHeader((await authenticate('private_key_jwt', { clientKey })).body.client_assertion ?? '');
    };
    expect(await header('a'.repeat(27))).toHaveProperty('x5t');
    expect(await header('a'.repeat(43))).toHaveProperty('x5t#S256');
  });

  test('client_secret_signed is Apple’s: the secret is a JWT of the team', async () => {
    const clientKey = { privateKey: pem(pairs.ES256), keyId: 'KEY1', issuer: 'TEAM1' };
    const { body } = await authenticate('client_secret_signed', { issuer: 'https://appleid.apple.com', clientKey });
    const { payload, protectedHeader } = await jwtVerify(body.client_secret ?? '', pairs.ES256.publicKey);
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: 'KEY1' });
    expect(payload).toMatchObject({ iss: 'TEAM1', sub: 'client-id:with colon', aud: 'https://appleid.apple.com' });
  });

  test('a key that cannot be read is the operator’s to mend, and is not shown', async () => {
    const clientKey = { privateKey: new Secret('-----BEGIN canary') };
    const failed = authenticate('private_key_jwt', { clientKey });
    await expect(failed).rejects.toMatchObject({ code: 'provider_misconfigured' });
    await expect(failed).rejects.toThrow(expect.objectContaining({ message: expect.not.stringContaining('canary') }));
  });
});
