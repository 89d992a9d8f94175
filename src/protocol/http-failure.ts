/** Why there is no HTTP answer, and whether the request may have been carried out. */

/**
 * No usable HTTP answer. Holds nothing of the request or the answer.
 *
 * `sent`: `no` = nothing was written to a connection, so the server cannot have acted on it; `unknown` = it may have.
 */
export class HttpFailure extends Error {
  readonly kind: 'timeout' | 'connection' | 'too_large' | 'redirect' | 'insecure';
  readonly sent: 'no' | 'unknown';
  /** Status, if the answer had begun: of a refused redirect, or before the body that could not be read. */
  readonly status?: number;

  constructor(kind: HttpFailure['kind'], sent: HttpFailure['sent'], status?: number) {
    super(`HTTP exchange failed (${kind}).`);
    this.name = 'HttpFailure';
    this.kind = kind;
    this.sent = sent;
    if (status !== undefined) this.status = status;
  }
}
