/** The host's own authorization server as the API sees it: JWTs, and a key set on a loopback address. */

import { createServer, type Server } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export const issuer = 'https://host.example';
export const audience = 'valetkey';

export const rsa = await generateKeyPair('RS256', { extractable: true });
export const ec = await generateKeyPair('ES256', { extractable: true });
export const ed = await generateKeyPair('EdDSA', { extractable: true });
export const rsaJwk = await exportJWK(rsa.publicKey);

/** The public keys, as they are served. */
export async function publicKeys(): Promise<JWK[]> {
  return [
    { ...rsaJwk, kid: 'rsa-1', alg: 'RS256' },
    { ...rsaJwk, kid: 'ps-1', alg: 'PS256' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec-1' },
    { ...(await exportJWK(ed.publicKey)), kid: 'ed-1' },
  ];
}

/** Claims that are good at `now` (epoch ms). */
export function goodClaims(now: number) {
  const iat = Math.floor(now / 1000);
  return { iss: issuer, aud: audience, sub: 'slack:T1:U2', iat, exp: iat + 600 };
}

/** Signs with the first RSA key unless told. */
export async function sign(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  key = rsa.privateKey,
) {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'rsa-1', ...header }).sign(key);
}

/** Signs by HMAC. */
export async function signShared(claims: Record<string, unknown>, secret: string, kid?: string): Promise<string> {
  const header = kid === undefined ? { alg: 'HS256' } : { alg: 'HS256', kid };
  return new SignJWT(claims).setProtectedHeader(header).sign(Buffer.from(secret));
}

/** The RSA key for another algorithm. */
export async function rsaKeyFor(name: 'RSA-PSS' | 'RSASSA-PKCS1-v1_5', hash: string): Promise<CryptoKey> {
  const { alg: _, ...jwk } = await exportJWK(rsa.privateKey);
  return crypto.subtle.importKey('jwk', jwk, { name, hash }, false, ['sign']);
}

/** Serves a key set; stops and comes back at the same address. */
export class KeySetServer {
  /** How often it was asked. */
  fetches = 0;
  readonly #keys: readonly JWK[];
  #server: Server | undefined;
  #port = 0;

  constructor(keys: readonly JWK[]) {
    this.#keys = keys;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/jwks`;
  }

  async start(): Promise<void> {
    const server = createServer((_request, response) => {
      this.fetches += 1;
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.#keys }));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }
}
