/** Credentials in headers, a bearer credential or an API key, and the keys that are configured. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Unauthorized } from '../src/core/errors.js';
import { tenantIdSchema } from '../src/core/identifiers.js';
import type { Secret } from '../src/core/secret.js';
import type { Caller, Role } from './caller.js';

/** A key from the configuration. */
export interface KnownApiKey {
  readonly id: string;
  readonly role: Role;
  readonly secret: Secret;
  readonly tenant: string;
}

/**
 * Reads the credential from the headers, never from the query. Two credentials are refused.
 *
 * @throws {Unauthorized} there is none, there are two, or it is malformed (RFC 6750 section 2.1)
 */
export function readCredential(headers: IncomingHttpHeaders): string {
  const { authorization, 'x-api-key': key } = headers;
  if (authorization !== undefined && key !== undefined) throw new Unauthorized('credential_twice', true);
  const bearer = /^Bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd();
  const credential = key === undefined ? bearer : String(key);
  // Another scheme counts as no credential, too (RFC 6750 section 3.1).
  if (!credential) throw new Unauthorized('credential_missing', false);
  if (/\s/.test(credential) || credential.length > 8192) throw new Unauthorized('credential_malformed', true);
  return credential;
}

/** SHA-256; credentials are compared and remembered by it. */
export const digestOf = (text: string) => hash('sha256', text, 'buffer');

/** Finds a key. Always compares with all of them, so that the time reveals nothing. */
export function knownKeys(keys: readonly KnownApiKey[]): (credential: string) => Caller | undefined {
  const known = keys.map(({ id, role, secret, tenant }) => ({
    digest: digestOf(secret.reveal()),
    caller: { id, role, tenant: tenantIdSchema.parse(tenant) },
  }));
  return (credential) => {
    const presented = digestOf(credential);
    return known.filter(({ digest }) => timingSafeEqual(digest, presented)).at(0)?.caller;
  };
}
