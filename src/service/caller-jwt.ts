/** JWTs of callers (RFC 7519, with the advice of RFC 8725): which are accepted, and what they say. */

import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Caller } from '../../routes/caller.js';
import { digestOf } from '../../routes/credentials.js';
import { KeyUnavailable, Unauthorized } from '../core/errors.js';
import { defaultTenant, providerIdSchema, tenantIdSchema, userIdSchema } from '../core/identifiers.js';
import { callerRoleSchema, type JwtSecret } from './config-schema.js';
import type { RevokedCallers } from './revoked-callers.js';

/** Which JWTs are accepted. Both `jwksUrl` and `secrets` may be given: each algorithm belongs to only one of them. */
export interface CallerJwtOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Keys of the host's own authorization server, fetched when needed. */
  readonly jwksUrl?: string;
  /** Shared secrets for HS256; several during a rotation. */
  readonly secrets?: readonly JwtSecret[];
}

const clockToleranceSeconds = 30;
const longestLifetimeSeconds = 24 * 3600;
const asymmetric = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const acceptedTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']);
/** RFC 7515 sections 4.1.2-4.1.6: a key that the token itself contains or points to proves nothing. */
const keysFromOutside = ['jku', 'jwk', 'x5u', 'x5c'];

/** A verified token is not verified again for this long, ms; then its key may have been withdrawn. */
const rememberMs = 300_000;

const claimsSchema = z.object({
  sub: userIdSchema,
  iat: z.number(),
  exp: z.number(),
  role: z.union([callerRoleSchema, z.literal('user')]).default('user'),
  tenant: tenantIdSchema.default(defaultTenant),
  providers: z.array(providerIdSchema).optional(),
  jti: z.string().max(256).optional(),
});

/** The caller that a JWT names. @throws {Unauthorized} it is not accepted @throws {KeyUnavailable} no keys to check it with */
export type JwtVerifier = (token: string) => Promise<Caller>;

/** Makes the function that verifies JWTs, and remembers those it has accepted. `now` is epoch ms. */
export function jwtVerifier(
  options: CallerJwtOptions,
  { revoked, now }: { revoked: RevokedCallers; now: () => number },
): JwtVerifier {
  const verify = signatureVerifier(options, now);
  const remembered = new LRUCache<string, { verified: Verified; until: number }>({ max: 1000 });
  const recall = async (token: string) => {
    const key = digestOf(token).toString('base64url');
    const known = remembered.get(key);
    if (known && now() < known.until) return known.verified;
    const verified = readClaims(await verify(token));
    remembered.set(key, { verified, until: Math.min(verified.expiresAt, now() + rememberMs) });
    return verified;
  };
  return async (token) => {
    const { caller, jti } = await recall(token);
    if (await revoked.has(caller.tenant, { subject: caller.id, jti })) throw new Unauthorized('jwt_revoked', true);
    return caller;
  };
}

/** What an accepted token says. `expiresAt` is epoch ms. */
interface Verified {
  readonly caller: Caller;
  readonly jti?: string | undefined;
  readonly expiresAt: number;
}

function readClaims(payload: JWTPayload): Verified {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) throw new Unauthorized('jwt_claims', true);
  const { sub, iat, exp, role, tenant, providers, jti } = claims.data;
  if (exp - iat > longestLifetimeSeconds) throw new Unauthorized('jwt_lifetime', true);
  const userId = role === 'user' ? sub : undefined;
  return { caller: { id: sub, credential: 'jwt', role, tenant, providers, userId }, jti, expiresAt: exp * 1000 };
}

/** Chooses the keys by the algorithm, never the algorithm by the keys: a public key is no HMAC secret here. */
function signatureVerifier(options: CallerJwtOptions, now: () => number): (token: string) => Promise<JWTPayload> {
  const remote = options.jwksUrl === undefined ? undefined : remoteKeys(options.jwksUrl, now);
  const shared = (options.secrets ?? []).map(({ kid, secret }) => ({ kid, key: Buffer.from(secret.reveal()) }));
  const checks = () => ({
    issuer: options.issuer,
    audience: options.audience,
    requiredClaims: ['exp', 'iat', 'sub'],
    clockTolerance: clockToleranceSeconds,
    // Also refuses an `iat` in the future.
    maxTokenAge: longestLifetimeSeconds,
    currentDate: new Date(now()),
  });
  return async (token) => {
    const { alg, kid } = readHeader(token);
    try {
      if (alg === 'HS256') {
        const fitting = shared.filter((entry) => kid === undefined || entry.kid === undefined || entry.kid === kid);
        const keys = fitting.map(({ key }) => key);
        return await verifyWithAny(token, keys, { ...checks(), algorithms: ['HS256'] });
      }
      if (remote) return await verifyWithSet(token, remote, { ...checks(), algorithms: asymmetric });
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new Unauthorized(`jwt_${error.code.toLowerCase()}`, true);
      throw error;
    }
    throw new Unauthorized('jwt_algorithm', true);
  };
}

type VerificationKey = CryptoKey | Uint8Array;

function readHeader(token: string): { alg?: string; kid?: string } {
  try {
    const header = decodeProtectedHeader(token);
    const { typ } = header;
    const typeKnown = typ === undefined || (typeof typ === 'string' && acceptedTypes.has(typ.toLowerCase()));
    if (!typeKnown || keysFromOutside.some((name) => name in header)) throw new Unauthorized('jwt_header', true);
    return { alg: header.alg, kid: header.kid };
  } catch {
    throw new Unauthorized('jwt_header', true);
  }
}

async function verifyWithAny(
  token: string,
  keys: AsyncIterable<VerificationKey> | Iterable<VerificationKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** Without a `kid` several keys may fit: all are tried (RFC 7515 appendix D). */
async function verifyWithSet(token: string, keys: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAny(token, error, options);
    throw error;
  }
}

/** There are no keys to check a JWT with, which is no fault of its caller. */
function keySetAway(): KeyUnavailable {
  return new KeyUnavailable('API_JWT_JWKS_URL', undefined, 'key set at API_JWT_JWKS_URL');
}

/** How long a host that could not be reached is not asked again, ms. */
const outageMs = 5000;

/**
 * Keys of a remote set. While its host is away the last known keys are used, and callers do not wait for the host. If the
 * key of a token is not among them, that is no fault of the caller, who may be told so only when the host is back.
 */
function remoteKeys(url: string, now: () => number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), { timeoutDuration: 5000, cooldownDuration: 30_000 });
  /** Since when the host is away, epoch ms; `undefined` while it answers. */
  let awaySince: number | undefined;
  const noteAway = () => {
    awaySince = now();
  };
  const noteBack = () => {
    awaySince = undefined;
  };
  // The first comparison is for a clock that was set back.
  const isLeftAlone = (since: number) => now() >= since && now() < since + outageMs;
  return async (header, token) => {
    if (awaySince !== undefined) {
      const looked = isLeftAlone(awaySince) ? undefined : remote.reload().then(noteBack, noteAway);
      const known = await findKnown(remote.jwks(), header, token);
      if (known !== undefined) return known;
      await looked;
      if (awaySince !== undefined) throw keySetAway();
    }
    try {
      return await remote(header, token);
    } catch (error) {
      if (aboutTheToken(error)) throw error;
      noteAway();
      const known = await findKnown(remote.jwks(), header, token);
      if (known === undefined) throw keySetAway();
      return known;
    }
  };
}

/** The key of a token among those of the last answer; `undefined` when it is none of them. */
async function findKnown(last: JSONWebKeySet | undefined, ...[header, token]: Parameters<JWTVerifyGetKey>) {
  if (last === undefined) return undefined;
  try {
    return await createLocalJWKSet(last)(header, token);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    throw error;
  }
}

function aboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
