/** Who may call the API: keys of the configuration, keys of the store, and JWTs. All refusals look the same to callers. */

import type { Authenticate, Caller } from '../../routes/caller.js';
import { knownKeys, readCredential } from '../../routes/credentials.js';
import { Unauthorized } from '../core/errors.js';
import type { DocumentStore } from '../core/store.js';
import { ApiKeyUses, checkApiKey, looksLikeApiKey } from './api-keys.js';
import type { CallerJwtOptions, JwtVerifier, jwtVerifier } from './caller-jwt.js';
import type { ConfiguredApiKey } from './config-schema.js';
import { RevokedCallers } from './revoked-callers.js';

/** Who may call: configured keys, JWTs, and the keys in the store. */
export interface CallerAuthOptions {
  readonly apiKeys: readonly ConfiguredApiKey[];
  readonly jwt?: CallerJwtOptions;
  readonly documents: DocumentStore;
  /** Callers whose JWTs are refused; by default read from `documents`. */
  readonly revoked?: RevokedCallers;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Creates the function that authenticates callers; see {@link Authenticate}. */
export function createCallerAuth(options: CallerAuthOptions): Authenticate {
  const { apiKeys, documents, now } = options;
  const findConfigured = knownKeys(apiKeys);
  const uses = new ApiKeyUses(documents);
  const { revoked = new RevokedCallers(documents, now) } = options;
  const verifyJwt = options.jwt && lateVerifier(options.jwt, { revoked, now });
  return async (headers) => {
    const credential = readCredential(headers);
    const configured = findConfigured(credential);
    if (configured) return configured;
    if (looksLikeApiKey(credential)) return authenticateKey({ documents, uses }, credential, now());
    if (verifyJwt && jwtForm.test(credential)) return verifyJwt(credential);
    throw new Unauthorized('credential_unknown', true);
  };
}

async function authenticateKey(
  { documents, uses }: { documents: DocumentStore; uses: ApiKeyUses },
  credential: string,
  now: number,
): Promise<Caller> {
  const check = await checkApiKey(documents, credential, now);
  if (!check.ok) throw new Unauthorized(check.reason, true);
  const { id, owner: name, role, tenant, providers } = check.view;
  uses.note(id, now);
  return { id, name, role, tenant, providers };
}

/** RFC 7515 sections 2 and 7.1: base64url without padding; lenient decoding would allow many spellings of one token. */
const jwtForm = /^[\w-]*\.[\w-]*\.[\w-]*$/;

/** Loads the JWT code only if JWTs are configured: jose is 46 files, and 25 ms of the start. */
function lateVerifier(options: CallerJwtOptions, room: Parameters<typeof jwtVerifier>[1]): JwtVerifier {
  const loaded = import('./caller-jwt.js').then((module) => module.jwtVerifier(options, room));
  return async (token) => (await loaded)(token);
}
