/** Errors that only the client has: a service that cannot be reached, and an unexpected answer. */

import { OAuthManagerError } from '../core/errors.js';

/** The service gave no answer, or a proxy answered for it. What was sent may have been carried out. */
export class ServiceUnreachable extends OAuthManagerError {
  readonly code = 'service_unreachable';
  readonly whoMustAct = 'nobody';
  /** HTTP status of the proxy's answer, if there was one. */
  readonly status?: number;
  readonly retryAfterMs?: number;

  constructor(message: string, fields: { status?: number; retryAfterMs?: number } = {}) {
    super(message);
    if (fields.status !== undefined) this.status = fields.status;
    if (fields.retryAfterMs !== undefined) this.retryAfterMs = fields.retryAfterMs;
  }
}

/** The answer is not one that this version of the client knows: another program, or a much newer service. */
export class UnexpectedAnswer extends OAuthManagerError {
  readonly code = 'unexpected_answer';
  readonly whoMustAct = 'operator';

  /** @param problem never holds the answer itself */
  constructor(problem: string) {
    super(`The answer of the service cannot be used: ${problem}.`);
  }
}
