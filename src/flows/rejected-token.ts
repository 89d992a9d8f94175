/** Whether a token is the one that a provider's API refused. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../core/secret.js';

/** Compares by the hex SHA-256 that callers send instead of the token. No digest = nothing was refused. */
export function isRejected(token: Secret, rejectedSha256: string | undefined): boolean {
  if (rejectedSha256 === undefined) return false;
  const held = createHash('sha256').update(token.reveal()).digest();
  const rejected = Buffer.from(rejectedSha256, 'hex');
  return rejected.length === held.length && timingSafeEqual(held, rejected);
}
