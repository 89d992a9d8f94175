/** How our client shows at an endpoint who it is (RFC 6749 2.3): one function per method, chosen by the provider. */

import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { ProviderError } from '../core/errors.js';
import type { ClientAuthenticationMethod, Provider } from '../core/provider.js';

/** What a credential is written into: `Headers`, `URLSearchParams`, or a `Map`. */
interface Fields {
  set(name: string, value: string): unknown;
}

/** Adds the client's credentials to the body or the headers of a request; an `oauth4webapi` `ClientAuth`. */
export type ClientAuthentication = (
  server: object,
  client: { readonly client_id: string },
  body: Fields,
  headers: Fields,
) => void | Promise<void>;

type Method = (provider: Provider, now: () => number) => ClientAuthentication;

const assertionSeconds = 60;
/** Apple allows six months; each request gets its own, so that a leaked one is worth little. */
const signedSecretSeconds = 300;

const methods: Readonly<Record<ClientAuthenticationMethod, Method>> = {
  client_secret_basic: (provider) => basic(formEncode(provider.clientId), formEncode(secretOf(provider))),
  client_secret_basic_raw: (provider) => basic(provider.clientId, secretOf(provider)),
  client_secret_as_username: (provider) => basic(secretOf(provider), ''),
  client_secret_post: (provider) => inBody(secretOf(provider)),
  client_secret_signed: (provider, now) => signedSecret(provider, now),
  private_key_jwt: (provider, now) => privateKeyJwt(provider, now),
  none: () => inBody(),
};

/** The provider's method, without a secret where none is configured: a public client sends no `client_secret` at all. */
export function clientAuthenticationOf(provider: Provider, now: () => number): ClientAuthentication {
  const isPublic = provider.clientSecret === undefined && provider.clientKey === undefined;
  return methods[isPublic ? 'none' : provider.clientAuthentication](provider, now);
}

/** HTTP Basic with the given user name and password, in UTF-8 (RFC 7617). */
function basic(username: string, password: string): ClientAuthentication {
  return (_server, _client, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  };
}

/** The client's id in the body, and its secret if it has one. */
function inBody(secret?: string): ClientAuthentication {
  return (_server, client, body) => {
    body.set('client_id', client.client_id);
    if (secret !== undefined) body.set('client_secret', secret);
  };
}

/**
 * Form-encodes as RFC 6749 2.3.1 demands. The letters `*-._` stay as they are, which every decoder understands and
 * which lets most secrets pass also where nobody decodes.
 */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function secretOf(provider: Provider): string {
  return provider.clientSecret?.reveal() ?? '';
}

function keyOf(provider: Provider): KeyObject {
  try {
    return createPrivateKey(provider.clientKey?.privateKey.reveal() ?? '');
  } catch {
    const about = { provider: provider.id, misconfigured: true };
    throw new ProviderError(`${provider.id} needs a private key in PEM form.`, about);
  }
}

/** RFC 7523. The audience is one string, the issuer where it is known, so that no other server can use the assertion. */
function privateKeyJwt(provider: Provider, now: () => number): ClientAuthentication {
  return async (_server, client, body) => {
    const assertion = await sign(provider, {
      issuer: client.client_id,
      audience: provider.issuer ?? provider.tokenEndpoint,
      seconds: assertionSeconds,
      now: now(),
    });
    body.set('client_id', client.client_id);
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    body.set('client_assertion', assertion);
  };
}

function signedSecret(provider: Provider, now: () => number): ClientAuthentication {
  return async (_server, client, body) => {
    const secret = await sign(provider, {
      issuer: provider.clientKey?.issuer ?? client.client_id,
      audience: provider.issuer ?? new URL(provider.tokenEndpoint).origin,
      seconds: signedSecretSeconds,
      now: now(),
    });
    body.set('client_id', client.client_id);
    body.set('client_secret', secret);
  };
}

async function sign(
  provider: Provider,
  claims: { issuer: string; audience: string; seconds: number; now: number },
): Promise<string> {
  const key = keyOf(provider);
  const issuedAt = Math.floor(claims.now / 1000);
  const { keyId, thumbprint } = provider.clientKey ?? {};
  // Loaded when it is needed: jose is 46 files, 25 ms of a start.
  const { SignJWT } = await import('jose');
  return new SignJWT({})
    .setProtectedHeader({
      alg: algorithmOf(key),
      typ: 'JWT',
      ...(keyId !== undefined && { kid: keyId }),
      // 20 bytes of SHA-1 are 27 characters of base64url, 32 of SHA-256 are 43.
      ...(thumbprint !== undefined && (thumbprint.length > 27 ? { 'x5t#S256': thumbprint } : { x5t: thumbprint })),
    })
    .setIssuer(claims.issuer)
    .setSubject(provider.clientId)
    .setAudience(claims.audience)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + claims.seconds)
    .sign(key);
}

const curveAlgorithms: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** The JWS algorithm that belongs to a key (RFC 7518). */
function algorithmOf(key: KeyObject): string {
  const type = key.asymmetricKeyType;
  if (type === 'rsa') return 'RS256';
  if (type === 'ed25519') return 'EdDSA';
  const algorithm = curveAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ''];
  // jose refuses a key that does not fit.
  return algorithm ?? 'RS256';
}
