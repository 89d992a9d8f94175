/** What a refusal of the token endpoint means: is it about the grant, about us, or does it pass? */

import { GrantRefused, OAuthManagerError, ProviderError, ProviderUnavailable } from '../core/errors.js';
import type { JsonObject, Provider, RefusalSignal } from '../core/provider.js';
import type { StandardAnswer } from './dialects.js';
import { HttpFailure } from './http-failure.js';
import { readRetryAfter } from './retry-after.js';

type Meaning = RefusalSignal['means'] | 'maybe_done';

/** Codes that mean the same everywhere (RFC 6749 5.2, RFC 8707, RFC 6749 4.1.2.1). Compared whole, never in part. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['invalid_grant', 'dead_grant'],
  ['invalid_client', 'misconfigured'],
  ['unauthorized_client', 'misconfigured'],
  ['unsupported_grant_type', 'misconfigured'],
  ['unsupported_response_type', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
  ['invalid_target', 'misconfigured'],
  ['redirect_uri_mismatch', 'misconfigured'],
  ['temporarily_unavailable', 'unavailable'],
  ['server_error', 'maybe_done'],
]);

/** Statuses that speak for themselves when the body holds no code. */
const statusMeanings: ReadonlyMap<number, Meaning> = new Map([
  [401, 'misconfigured'],
  [404, 'misconfigured'],
  [405, 'misconfigured'],
  [408, 'maybe_done'],
  [410, 'misconfigured'],
]);

/**
 * The error for an answer that is no token response.
 *
 * The provider's own signals are asked first, then 429 and 5xx, then the exact code, then the status. A 429 or 503
 * says that nothing was done; after 500, 502 and 504 the request may have been carried out.
 *
 * @param now epoch ms, for a `Retry-After` date
 */
export function refusalOf(provider: Provider, answer: StandardAnswer, now: number): OAuthManagerError {
  const oauthError = errorCodeOf(answer.body);
  const status = answer.status;
  const retryAfterMs = readRetryAfter(answer.headers, answer.body, now);
  const about = { provider: provider.id, status, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  switch (meaningOf(provider, answer, oauthError)) {
    case 'dead_grant':
      return new GrantRefused({
        provider: provider.id,
        status,
        oauthError: knownWord(provider, oauthError) ?? 'refused',
      });
    case 'unavailable':
      return new ProviderUnavailable(`${provider.id} asks to come back later (${status}).`, {
        ...about,
        reached: 'no',
      });
    case 'maybe_done':
      return new ProviderUnavailable(`${provider.id} failed (${status}).`, { ...about, reached: 'unknown' });
    case 'misconfigured':
      return providerError(provider, { misconfigured: true, status, oauthError });
    case 'unclear':
      return providerError(provider, { misconfigured: false, status, oauthError });
  }
}

/** The error for an exchange without an answer. */
export function failureOf(provider: Provider, failure: HttpFailure): OAuthManagerError {
  const about = { provider: provider.id };
  switch (failure.kind) {
    case 'redirect':
      return new ProviderError(`${provider.id} redirects its endpoint, which is not followed.`, {
        ...about,
        misconfigured: true,
        ...(failure.status !== undefined && { status: failure.status }),
      });
    case 'insecure':
      return new ProviderError(`${provider.id} has an endpoint that is not https.`, { ...about, misconfigured: true });
    case 'too_large':
      return new ProviderUnavailable(`${provider.id} sent too much.`, { ...about, reached: failure.sent });
    case 'timeout':
      return new ProviderUnavailable(`${provider.id} did not answer in time.`, { ...about, reached: failure.sent });
    case 'connection':
      return new ProviderUnavailable(`${provider.id} could not be reached.`, { ...about, reached: failure.sent });
  }
}

/** Any failure of an exchange as one of our errors: whatever else was thrown may hold tokens and is dropped. */
export function wrapFailure(provider: Provider, error: unknown): OAuthManagerError {
  if (error instanceof OAuthManagerError) return error;
  if (error instanceof HttpFailure) return failureOf(provider, error);
  return new ProviderError(`${provider.id} answered in a way that cannot be read.`, { provider: provider.id });
}

function providerError(
  provider: Provider,
  fields: { misconfigured: boolean; status: number; oauthError: string | undefined },
): ProviderError {
  const { misconfigured, status, oauthError } = fields;
  const word = knownWord(provider, oauthError);
  const told = word === undefined ? `status ${status}` : `${word}, status ${status}`;
  const message = misconfigured ? 'refuses our client or configuration' : 'gave an answer that is no token response';
  return new ProviderError(`${provider.id} ${message} (${told}).`, {
    provider: provider.id,
    misconfigured,
    status,
    ...(oauthError !== undefined && { oauthError }),
  });
}

/** Only words that are known are told: a provider may write anything there, a token of the request included. */
export function knownWord(provider: Provider, oauthError: string | undefined): string | undefined {
  const isKnown = oauthError !== undefined && (meanings.has(oauthError) || isOwn(provider, oauthError));
  return isKnown ? oauthError : undefined;
}

function isOwn({ refusals }: Provider, oauthError: string): boolean {
  return refusals.some(({ error }) => error === oauthError);
}

function meaningOf(provider: Provider, answer: StandardAnswer, oauthError: string | undefined): Meaning {
  const { status, headers } = answer;
  const own = provider.refusals.find((signal) => matches(signal, answer, oauthError));
  if (own) return own.means;
  if (status === 429 || status === 503) return 'unavailable';
  if (status >= 500) return 'maybe_done';
  const byCode = oauthError === undefined ? undefined : meanings.get(oauthError);
  if (byCode) return byCode;
  const isThrottled = headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after');
  if (status === 403 && isThrottled) return 'unavailable';
  if (oauthError !== undefined) return 'unclear';
  return statusMeanings.get(status) ?? 'unclear';
}

function matches(signal: RefusalSignal, answer: StandardAnswer, oauthError: string | undefined): boolean {
  if (signal.status !== undefined && signal.status !== answer.status) return false;
  if (signal.error !== undefined && signal.error !== oauthError) return false;
  return signal.detail === undefined || detailsOf(answer.body).includes(signal.detail);
}

/** The finer codes beside `error`: Microsoft's `error_codes` and `suberror`, Google's `error_subtype`. */
function detailsOf(body: JsonObject | undefined): readonly string[] {
  const codes: readonly unknown[] = Array.isArray(body?.error_codes) ? body.error_codes : [];
  return [...codes, body?.suberror, body?.error_subtype].flatMap((code) =>
    typeof code === 'string' || typeof code === 'number' ? [String(code)] : [],
  );
}

/** The `error` of a body, if it is made of the characters that RFC 6749 5.2 allows, at most 64 of them. */
function errorCodeOf(body: JsonObject | undefined): string | undefined {
  const code = body?.error;
  return typeof code === 'string' && /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(code) ? code : undefined;
}
