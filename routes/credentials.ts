/** How callers show who they are: a bearer credential or an API key in a header, and keys that are known beforehand. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Unauthorized } from '../src/core/errors.js';
import { tenantIdSchema } from '../src/core/identifiers.js';
import type { Secret } from '../src/core/secret.js';
import type { Caller, Role } from './caller.js';

/** A key that is known before the first request. */
export interface KnownApiKey {
  readonly id: string;
  readonly role: Role;
  readonly secret: Secret;
  readonly tenant: string;
}

/**
 * Takes the credential out of the headers; a query is never looked at. Two credentials are as good as none.
 *
 * @throws {Unauthorized} there is none, or none that can be read (RFC 6750 section 2.1)
 */
export function readCredential(headers: IncomingHttpHeaders): string {
  const { authorization, 'x-api-key': key } = headers;
  if (authorization !== undefined && key !== undefined) throw new Unauthorized('credential_twice', true);
  const bearer = /^Bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]?.trimEnd();
  const credential = key === undefined ? bearer : String(key);
  // Also of another scheme: nothing was shown that could be right here (RFC 6750 section 3.1).
  if (!credential) throw new Unauthorized('credential_missing', false);
  if (/\s/.test(credential) || credential.length > 8192) throw new Unauthorized('credential_malformed', true);
  return credential;
}

/** SHA-256: what credentials are compared and remembered by. */
export const digestOf = (text: string) => hash('sha256', text, 'buffer');

/** Looks keys up. Compares with every one of them, found or not: the time tells nothing. */
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
