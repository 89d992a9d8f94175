/** Ties what a browser brings back to what that very browser was sent away with. */

import { timingSafeEqual } from 'node:crypto';
import { InvalidRequest } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { digestOf } from './one-time-values.js';

/** What the browser brought back. */
export interface BrowserAnswer {
  readonly provider: ProviderId;
  readonly parameters: URLSearchParams;
  /** The flow cookie, if there was exactly one. */
  readonly browserSecret: string | undefined;
}

/** The state of an authorization response. @throws {InvalidRequest} missing, empty or repeated (RFC 6749 3.1) */
export function soleState(parameters: URLSearchParams): string {
  const states = parameters.getAll('state');
  const [state] = states;
  if (states.length !== 1 || state === undefined || state === '')
    throw new InvalidRequest('state', 'must be there exactly once');
  return state;
}

/**
 * The state must have been made for this path and for this browser. A wrong browser or path does not use it up.
 *
 * @returns the flow cookie's value
 * @throws {InvalidRequest}
 */
export function checkBrowser(
  sent: { readonly provider: ProviderId; readonly browserHash: string },
  answer: BrowserAnswer,
): string {
  if (sent.provider !== answer.provider) throw new InvalidRequest('state', 'belongs to another provider');
  if (answer.browserSecret === undefined) throw new InvalidRequest('cookie', 'this browser did not start the connect');
  const shown = Buffer.from(digestOf(answer.browserSecret));
  const expected = Buffer.from(sent.browserHash);
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) {
    throw new InvalidRequest('cookie', 'this browser did not start the connect');
  }
  return answer.browserSecret;
}
