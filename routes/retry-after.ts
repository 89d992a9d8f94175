/** `Retry-After` of an answer (RFC 9110 10.2.3). */

import { ProviderUnavailable, RateLimited } from '../src/core/errors.js';

/** When to try again, if the error names a time: whole seconds, at least one. */
export function retryAfterOf(error: unknown): number | undefined {
  const known = error instanceof RateLimited || error instanceof ProviderUnavailable;
  const ms = known ? error.retryAfterMs : undefined;
  return ms === undefined ? undefined : Math.max(1, Math.ceil(ms / 1000));
}
