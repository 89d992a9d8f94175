/** Reads what the browser brought back, before anything is done with it (RFC 6749 4.1.2, RFC 9207). */

import { InvalidRequest } from './errors.js';
import { Secret } from './secret.js';

/** What the pending record expects of an authorization response. */
export interface ExpectedResponse {
  /** Exact string (RFC 9207 2.4). */
  readonly issuer?: string;
  /** Whether a response without `iss` must be refused. */
  readonly issParameterSupported: boolean;
  /** The server's own words for `access_denied`. */
  readonly denials?: readonly string[] | undefined;
}

/** A code to redeem, or the word with which the server refused; always with the state. */
export type AuthorizationResponse =
  | { readonly code: Secret; readonly state: string }
  | { readonly error: string; readonly state: string };

/** An `error` of a strange form is not passed on. */
const strangeError = 'server_error';

/**
 * Reads an authorization response. The issuer is compared also when the server reports an error, so that a mix-up is
 * noticed in every case (RFC 9207 2.4).
 *
 * @throws InvalidRequest naming the parameter that is missing, repeated (RFC 6749 3.1), or of another issuer
 */
export function readAuthorizationResponse(
  parameters: URLSearchParams,
  expected: ExpectedResponse,
): AuthorizationResponse {
  const [code, error, state, iss] = ['code', 'error', 'state', 'iss'].map((name) => readOnce(parameters, name));
  if (state === undefined) throw new InvalidRequest('state', 'is missing');
  checkIssuer(iss, expected);
  if (code !== undefined && error !== undefined) throw new InvalidRequest('code', 'stands beside an error');
  if (error !== undefined) return { error: standardError(error, expected), state };
  if (code === undefined) throw new InvalidRequest('code', 'is missing');
  return { code: new Secret(code), state };
}

/** An empty parameter counts as absent (RFC 6749 3.1). */
function readOnce(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw new InvalidRequest(name, 'stands there more than once');
  return values[0] === '' ? undefined : values[0];
}

function checkIssuer(iss: string | undefined, expected: ExpectedResponse): void {
  if (iss === undefined) {
    if (expected.issParameterSupported) throw new InvalidRequest('iss', 'is missing');
    return;
  }
  // A server that we know by no issuer may name one; there is nothing to compare it with.
  if (expected.issuer !== undefined && iss !== expected.issuer) {
    throw new InvalidRequest('iss', 'is not the authorization server that was asked');
  }
}

/** Only what RFC 6749 section 4.1.2.1 allows in `error`, and no more of it than a code needs. */
function standardError(error: string, { denials = [] }: ExpectedResponse): string {
  if (denials.includes(error)) return 'access_denied';
  return /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(error) ? error : strangeError;
}
